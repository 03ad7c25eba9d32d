/** From two frames to those between them: the graphs in a row, in one of the authors' modes (specification, section 5). */
import type { TensorData } from '../graph/index.ts'
import { type RunGraph, copied } from '../graph/run.ts'
import {
  clamped,
  doubled,
  fitted,
  halved,
  meanOf,
  padded,
  sizeOf,
  turned,
  turnedBack,
  type Frame
} from './frame.ts'
import { contextNames, sizeUnit } from './network.ts'

export interface InterpolationOptions {
  /** The mean of four passes, with the time reversed and with the frames turned, instead of one. */
  augmented?: boolean
  /**
   * Pixels of motion, from where on it is found on half the size, which sees twice as far; 24 for SNU-FILM, 0 for
   * always. Never unless given.
   */
  halvedFrom?: number
}

type Maps = Readonly<Record<string, TensorData>>

/** A frame as graphs take it, and what they see in it; computed when it is first wanted, and once. */
interface View {
  frame: Frame
  features: () => Promise<TensorData>
  context: () => Promise<Maps>
}

interface Views {
  full: View
  half: () => View
}

/** A frame that pairs can be made of. */
export interface Encoded {
  frame: Frame
  upright: Views
  turned: () => Views
}

export interface Interpolator {
  /** Prepares a frame [1, 3, H, W] of any size; what it costs is spent by the first pair, and not again by the next. */
  encode: (frame: Frame) => Encoded
  /** The frame in the middle of two of one size, unclamped. */
  middle: (first: Encoded, second: Encoded) => Promise<Frame>
  /** The 2^depth - 1 frames between two, at equal distances in time; clamped. */
  between: (first: Encoded, second: Encoded, depth: number) => Promise<Frame[]>
}

const once = <T>(make: () => T) => {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** The largest of all, not of all magnitudes. */
const largest = ({ data }: TensorData) => (data as Float32Array).reduce((a, b) => Math.max(a, b), -Infinity)

/** Pixels at full size that a pixel of the coarse flow on half the size stands for. */
const coarsePixels = 16

export const interpolator = (
  run: RunGraph,
  { augmented = false, halvedFrom }: InterpolationOptions = {}
): Interpolator => {
  const call = (graph: string, feeds: Maps) =>
    run(Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, copied(tensor)])), graph)

  const viewOf = (frame: Frame): View => ({
    frame,
    features: once(async () => (await call('features', { frame })).features),
    context: once(() => call('context', { frame }))
  })
  const viewsOf = (frame: Frame): Views => {
    const full = viewOf(padded(frame, sizeUnit))
    return { full, half: once(() => viewOf(padded(halved(full.frame), sizeUnit))) }
  }

  const coarseFlow = async (first: View, second: View) => {
    const [features0, features1] = [await first.features(), await second.features()]
    const feeds = { frame0: first.frame, frame1: second.frame, features0, features1 }
    return (await call('motion', feeds)).coarse
  }
  const withContext = async (first: View, second: View): Promise<Maps> => {
    const seen = async ({ frame, context }: View, i: number) => {
      const maps = await context()
      return { [`frame${i}`]: frame, ...prefixed(`context${i}`, maps) }
    }
    return { ...(await seen(first, 0)), ...(await seen(second, 1)) }
  }
  const refined = async (first: View, second: View, coarse: TensorData) =>
    (await call('refine', { coarse, ...(await withContext(first, second)) })) as Record<
      'flow' | 'logits',
      Frame
    >

  const motionOf = async (first: Views, second: Views) => {
    if (halvedFrom !== undefined) {
      const [a, b] = [first.half(), second.half()]
      const coarse = await coarseFlow(a, b)
      if (coarsePixels * largest(coarse) >= halvedFrom) {
        const { flow, logits } = await refined(a, b, coarse)
        const { height, width } = sizeOf(first.full.frame)
        const shown = { height: height / 2, width: width / 2 }
        return { flow: doubled(fitted(flow, shown), 2), logits: doubled(fitted(logits, shown), 1) }
      }
    }
    const { flow, logits } = await refined(first.full, second.full, await coarseFlow(first.full, second.full))
    return { flow, logits }
  }

  const pass = async (first: Views, second: Views) => {
    const feeds = { ...(await motionOf(first, second)), ...(await withContext(first.full, second.full)) }
    return (await call('synthesise', feeds)).final as Frame
  }

  const encode = (frame: Frame): Encoded => ({
    frame,
    upright: viewsOf(frame),
    turned: once(() => viewsOf(turned(frame)))
  })

  const middle = async (first: Encoded, second: Encoded) => {
    const size = sizeOf(first.frame)
    const upright = async (a: Encoded, b: Encoded) => fitted(await pass(a.upright, b.upright), size)
    if (!augmented) return upright(first, second)
    const across = { height: size.width, width: size.height }
    const sideways = async (a: Encoded, b: Encoded) =>
      turnedBack(fitted(await pass(a.turned(), b.turned()), across))
    return meanOf([
      await upright(first, second),
      await upright(second, first),
      await sideways(first, second),
      await sideways(second, first)
    ])
  }

  const between = async (first: Encoded, second: Encoded, depth: number): Promise<Frame[]> => {
    if (depth === 0) return []
    const frame = clamped(await middle(first, second))
    if (depth === 1) return [frame]
    const made = encode(frame)
    return [...(await between(first, made, depth - 1)), frame, ...(await between(made, second, depth - 1))]
  }

  return { encode, middle, between }
}

const prefixed = (prefix: string, maps: Maps): Maps =>
  Object.fromEntries(contextNames.map(name => [`${prefix}.${name}`, maps[name]]))
