import { rm } from 'node:fs/promises'
import path from 'node:path'
import { formatTable } from '../cli/table.ts'
import { openSession, type Session } from '../layers/inference/session.ts'
import { catalogue } from '../models/catalogue/index.ts'
import { graphsOf } from '../models/catalogue/systems.ts'
import type { Weights } from '../models/catalogue/weights.ts'
import { fill1, input1 } from '../models/golden/index.ts'
import { build, precisions, writeModel, type Graph } from '../models/graph/index.ts'
import { buildMixFormer } from '../models/mixformerv2/network.ts'
import { mixFormerVariants } from '../models/mixformerv2/variants.ts'
import type { Tlwh } from '../models/box.ts'
import { buildRomtrackFrame } from '../models/romtrack/network.ts'
import { romtrackVariants } from '../models/romtrack/variants.ts'
import type { SystemName } from '../tasks/track/systems.ts'
import { median } from './median.ts'
import { multiplyAdds } from './multiply-adds.ts'
import { provideTracker } from './networks.ts'
import type { Pictures } from './pictures.ts'
import { openTracking, type TrackerLaps } from './tracker-frame.ts'

export type TrackerWeights = Extract<Weights, { system: SystemName }>

const isOf =
  (system: TrackerWeights['system']) =>
  (weights: Weights): weights is TrackerWeights =>
    weights.system === system

/** Weights of the catalogue by the names of their variants; where several are of one, the first. */
export const trackersOf = (system: TrackerWeights['system']): Map<string, TrackerWeights> =>
  new Map(
    Array.from(
      Map.groupBy(catalogue.filter(isOf(system)), ({ variant }) => variant),
      ([variant, [first]]) => [variant, first]
    )
  )

/** Multiply-adds in the authors' forward of a frame: that of MixFormerV2 computes the templates' tokens again. */
export const authorsWork = ({ system, variant }: TrackerWeights): number => {
  if (system === 'romtrack')
    return multiplyAdds(buildRomtrackFrame(romtrackVariants[variant], ['encoder.norm']))
  const scale = mixFormerVariants[variant]
  return multiplyAdds(buildMixFormer(scale, ['pred_boxes', `backbone.blocks.${scale.depth - 1}`]))
}

/**
 * As many multiply-adds as `work`, in products of the size of MixFormerV2's linear layers over all its tokens: what
 * they take at the machine's full speed, with nothing but multiplying to be done.
 */
const yardstickOf = (work: number): Graph =>
  build(s => {
    const weight = s.param('weight', [768, 768])
    let y = s.input('x', 'float32', [298, 768])
    for (let n = Math.round(work / (298 * 768 ** 2)); n > 0; n--) y = y.matMul(weight)
    return { y }
  })

/** How often the loop is gone through, in turns; each time over twice as many frames as there are rounds. */
const loops = 3

/**
 * Takes pictures of 1280x720 through a tracker in each precision and with each number of threads in turns, `rounds`
 * times, so that a busy machine is so for all.
 */
export const measureTracker = async (
  weights: TrackerWeights,
  { files, width, height }: Pictures,
  { threadCounts, rounds, warmUps }: { threadCounts: readonly number[]; rounds: number; warmUps: number },
  scratch: string
) => {
  await using closing = new AsyncDisposableStack()
  const open = async (directory: string, graph: string, threads: number) =>
    closing.use(await openSession(directory, { graph, threads }))
  const product = path.join(scratch, 'product')
  const yardstick = yardstickOf(authorsWork(weights))
  await writeModel(yardstick, fill1(yardstick.parameters), product)
  const yardsticks = new Map<number, { session: Session; ms: number[] }>()
  for (const threads of threadCounts)
    yardsticks.set(threads, { session: await open(product, 'model', threads), ms: [] })

  const subjects = []
  for (const precision of precisions) {
    const { directory, ...network } = await provideTracker(weights, precision, scratch)
    closing.defer(() => rm(directory, { recursive: true }))
    for (const threads of threadCounts) {
      const sessions: Record<string, Session> = {}
      for (const graph of Object.keys(graphsOf(weights)))
        sessions[graph] = await open(directory, graph, threads)
      const box: Tlwh = [0.45 * width, 0.4 * height, 0.1 * width, 0.2 * height]
      const tracking = openTracking(weights.system, weights.variant, sessions, box)
      subjects.push({ precision, threads, network, ...tracking, laps: [] as TrackerLaps[] })
    }
  }

  for (let round = -warmUps; round < rounds; round++) {
    for (const { session, ms } of yardsticks.values()) {
      const before = session.seconds
      await session.run({ x: input1('x', [298, 768]) })
      if (round >= 0) ms.push((session.seconds - before) * 1000)
    }
    for (const { take, laps } of subjects) {
      const lap = await take(files[(round + warmUps) % files.length])
      if (round >= 0) laps.push(lap)
    }
  }

  const passesOf = new Map<(typeof subjects)[number], { wall: number; within: number }[]>()
  for (let pass = 0; pass < Math.min(loops, rounds); pass++)
    for (const subject of subjects)
      passesOf.set(subject, [
        ...(passesOf.get(subject) ?? []),
        await subject.loop(files.slice(0, 2 * rounds))
      ])

  return {
    variant: weights.variant,
    weights: subjects[0].network.weights,
    runs: subjects.map(subject => {
      const { precision, threads, network, laps } = subject
      const passes = passesOf.get(subject)!
      return {
        precision,
        threads,
        bytes: network.bytes,
        ...summarise(laps, yardsticks.get(threads)!.ms),
        /** Of the whole loop, where the next picture is decoded meanwhile. */
        loop: {
          fps: median(passes.map(({ wall }) => 1000 / wall)),
          outside: median(passes.map(({ wall, within }) => 1 - within / wall))
        }
      }
    })
  }
}

/** @param least milliseconds that the authors' forward takes at least, by round */
const summarise = (laps: TrackerLaps[], least: number[]) => {
  const middle = (of: (laps: TrackerLaps) => number) => median(laps.map(of))
  const around = ({ decode, crop, handOver, box }: TrackerLaps) => decode + crop + handOver + box
  return {
    fps: 1000 / middle(lap => lap.forward + around(lap)),
    /** Milliseconds. */
    forward: middle(lap => lap.forward),
    template: middle(lap => lap.template),
    decode: middle(lap => lap.decode),
    crop: middle(lap => lap.crop),
    handOver: middle(lap => lap.handOver),
    box: middle(lap => lap.box),
    /** Share of a frame's time. */
    outside: middle(lap => around(lap) / (lap.forward + around(lap))),
    /** How many of our runs take as long as the authors' forward at least. */
    gain: median(laps.map(({ forward }, i) => least[i] / forward))
  }
}

export const trackerTable = (trackers: Awaited<ReturnType<typeof measureTracker>>[]) =>
  formatTable(
    [
      'network',
      'weights',
      'precision',
      'MB',
      'threads',
      'frames/s',
      'run, ms',
      'templates',
      'decode',
      'crop',
      'hand over',
      'box',
      'outside',
      'gain',
      'loop, frames/s',
      'outside'
    ],
    trackers.flatMap(({ variant, weights, runs }) =>
      runs.map(({ precision, threads, bytes, fps, outside, gain, loop, ...ms }) => [
        variant,
        weights,
        precision,
        (bytes / 1e6).toFixed(1),
        String(threads),
        fps.toFixed(1),
        ...[ms.forward, ms.template, ms.decode, ms.crop, ms.handOver].map(t => t.toFixed(1)),
        ms.box.toFixed(2),
        `${(100 * outside).toFixed(1)} %`,
        gain.toFixed(2),
        loop.fps.toFixed(1),
        `${(100 * loop.outside).toFixed(1)} %`
      ])
    )
  )
