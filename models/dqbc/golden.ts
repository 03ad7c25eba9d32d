/** Comparison with the golden files of DQBC: every stage, padding, pairs, modes, recursion. */
import { z } from 'zod'
import {
  compare,
  compareParameters,
  fill1,
  filled,
  goldenStage,
  incomparable,
  inputU8,
  parseGolden,
  withFilled,
  type GoldenFile,
  type GoldenForm,
  type RunModel
} from '../golden/index.ts'
import { stridesOf } from '../graph/data.ts'
import type { Parameter } from '../graph/graph.ts'
import { build, type Tensor, type TensorData, type Values } from '../graph/index.ts'
import type { RunGraph } from '../graph/run.ts'
import type { Size } from '../picture.ts'
import { windows } from './correlation.ts'
import { fitted, toFrame, turned, turnedBack, type Frame } from './frame.ts'
import { interpolator } from './interpolate.ts'
import { volumes } from './golden-steps.ts'
import { buildDqbc } from './network.ts'

const side = z.int().positive()
const stages = filled(goldenStage)

const exceptions = z.object({ fill_then_multiplied_by: z.record(z.string(), z.number()) })

const quoted = /'([^']*TAG[^']*)'.*?'([^']*TAG[^']*)'/

const pairGolden = exceptions.extend({
  /** Says the names of the noise that the frames are made of. */
  input_rule: z.string().regex(quoted),
  input_suffix: z.string(),
  tag: z.string(),
  size: z.tuple([side, side]),
  down_scale_th: z.number().optional(),
  frame0: goldenStage.optional(),
  frame1: goldenStage.optional(),
  outputs: stages
})
type PairGolden = z.infer<typeof pairGolden>

/** The rule, and tensors multiplied thereafter. */
const fillOf =
  (factors: Readonly<Record<string, number>>) =>
  (parameters: readonly Parameter[]): Values => {
    const values = fill1(parameters)
    return {
      read: name => {
        const value = values.read(name)
        const factor = factors[name] ?? 1
        return factor === 1 ? value : { ...value, data: (value.data as Float32Array).map(v => v * factor) }
      }
    }
  }

/** `count` pairs of frames: blocks that move by (5, 3) pixels, and noise. */
const framesOf = ({ input_rule, input_suffix, tag, size: [height, width] }: PairGolden, count: number) => {
  const [, ...names] = quoted.exec(input_rule)!
  const noise = (i: number, h: number, w: number) => {
    const name = names[i].replace('TAG', tag)
    const full = name.endsWith(input_suffix) ? name : name + input_suffix
    const shape = [count, 3, h, w]
    return { data: inputU8(full, shape).data as Uint8Array, strides: stridesOf(shape) }
  }
  const blocks = noise(0, Math.floor(height / 8) + 2, Math.floor(width / 8) + 2)
  const grain = noise(1, height, width)
  const at = ({ data, strides }: typeof grain, ...place: number[]) =>
    data[place.reduce((sum, n, i) => sum + n * strides[i], 0)]
  const value = (n: number, c: number, [blockY, blockX]: number[], [y, x]: number[]) =>
    Math.min(255, Math.floor(0.9 * at(blocks, n, c, blockY >> 3, blockX >> 3)) + (at(grain, n, c, y, x) >> 4))
  const frame = (make: (c: number, y: number, x: number) => number) =>
    toFrame({
      data: Uint8Array.from({ length: 3 * height * width }, (_, i) => {
        const pixel = Math.floor(i / 3)
        return make(i % 3, Math.floor(pixel / width), pixel % width)
      }),
      width,
      height
    })
  return Array.from({ length: count }, (_, n) => ({
    first: frame((c, y, x) => value(n, c, [y, x], [y, x])),
    second: frame((c, y, x) => value(n, c, [y + 3, x + 5], [height - 1 - y, width - 1 - x]))
  }))
}

/** Lets `use` run the graphs filled by the rule; all outputs are kept, by graph, in the order of the runs. */
const withGraphs = async <T>(
  golden: z.infer<typeof exceptions>,
  run: RunModel,
  wanted: readonly string[],
  use: (run: RunGraph, kept: ReadonlyMap<string, Record<string, TensorData>[]>) => Promise<T>
): Promise<T> => {
  const feeds = new Map<
    string,
    (given: Readonly<Record<string, TensorData>>) => Promise<Record<string, TensorData>>
  >()
  const kept = new Map<string, Record<string, TensorData>[]>()
  const start = Object.entries(buildDqbc(wanted)).reduceRight<() => Promise<T>>(
    (next, [name, graph]) =>
      () =>
        withFilled(
          graph,
          run,
          feed => {
            feeds.set(name, feed)
            return next()
          },
          fillOf(golden.fill_then_multiplied_by)
        ),
    () =>
      use(async (given, name) => {
        const outputs = await feeds.get(name)!(given)
        kept.set(name, [...(kept.get(name) ?? []), outputs])
        return outputs
      }, kept)
  )
  return start()
}

/** One behind the other along the batch. */
const stacked = (tensors: readonly TensorData[]): TensorData => {
  const [{ dtype, shape }] = tensors as [TensorData]
  const data = new Float32Array(tensors.flatMap(tensor => Array.from(tensor.data as Float32Array)))
  return { dtype, shape: shape.with(0, shape[0] * tensors.length), data }
}

/** The graphs that see one frame; their outputs for both frames are one batch in the golden files. */
const perFrame = ['features', 'context']

type Kept = ReadonlyMap<string, readonly Readonly<Record<string, TensorData>>[]>

/** A stage of the first run in which it was computed, or of run n for `name#n`. */
const stageOf = (kept: Kept, name: string): TensorData | undefined => {
  for (const [graph, runs] of kept) {
    if (runs[0][name] && perFrame.includes(graph))
      return stacked(runs.slice(0, 2).map(outputs => outputs[name]))
    if (runs[0][name]) return runs[0][name]
  }
  const [, first, n] = /^(.*)#(\d+)$/.exec(name) ?? []
  return first === undefined
    ? undefined
    : [...kept.values()].find(([outputs]) => outputs[first])?.[Number(n)]?.[first]
}

/** The correlation of all places with all places on each level, which we never compute but for this. */
const pyramids = (pair: readonly [TensorData, TensorData], run: RunModel) => {
  const graph = build(s => {
    const [f0, f1] = pair.map(({ shape }, i) => s.input(`f${i}`, 'float32', shape)) as [Tensor, Tensor]
    const named = (name: string, levels: readonly Tensor[]) =>
      levels.map((level, i) => [`corr.pyramid${name}.${i}`, level] as const)
    return Object.fromEntries([...named('01', volumes(f0, f1)), ...named('10', volumes(f1, f0))])
  })
  return withFilled(graph, run, feed => feed({ f0: pair[0], f1: pair[1] }))
}

/** Where the authors read each offset's map [offsets of both directions, h, w, (x, y)], as parts of the picture from -1 to 1. */
const shiftGrid = ([offsets, h, w]: readonly number[]): TensorData => {
  const moves = windows.flatMap(({ radius, step }) => {
    const line = Array.from({ length: 2 * radius + 1 }, (_, i) => ((i - radius) * step) / 2)
    return line.flatMap(x => line.map(y => ({ x, y })))
  })
  const data = new Float32Array(offsets * h * w * 2)
  for (let offset = 0, to = 0; offset < offsets; offset++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const move = moves[offset % moves.length]
        data[to++] = (2 * (x - move.x + 0.5)) / w - 1
        data[to++] = (2 * (y - move.y + 0.5)) / h - 1
      }
  return { dtype: 'float32', shape: [offsets, h, w, 2], data }
}

const absent = (name: string) => incomparable(name, 'the network has no stage of this name')

async function* checkPair(golden: PairGolden, run: RunModel) {
  const names = Object.keys(golden.outputs)
  const [{ first, second }] = framesOf(golden, 1)
  if (golden.frame0) yield compare('frame0', golden.frame0, first)
  if (golden.frame1) yield compare('frame1', golden.frame1, second)
  const kept = await withGraphs(golden, run, names, async (runGraph, all) => {
    const { encode, middle } = interpolator(runGraph, { halvedFrom: golden.down_scale_th })
    await middle(encode(first), encode(second))
    return all
  })
  const [features0, features1] = kept.get('features')!.map(({ features }) => features)
  const volumes = names.some(name => name.startsWith('corr.pyramid'))
    ? await pyramids([features0, features1], run)
    : {}
  const size: Size = { height: golden.size[0], width: golden.size[1] }
  for (const [name, stage] of Object.entries(golden.outputs)) {
    const ours = volumes[name] ?? (name === 'corr.shift_grid' ? shiftGrid(stage.shape) : stageOf(kept, name))
    if (!ours) yield absent(name)
    else yield compare(name, stage, name.startsWith('pred.') ? fitted(ours as Frame, size) : ours)
  }
}

/** Several pairs are one batch in the golden file; here one follows the other. */
async function* checkBatch(golden: PairGolden, run: RunModel) {
  const names = Object.keys(golden.outputs)
  const count = Object.values(golden.outputs)[0].shape[0]
  const pairs = framesOf(golden, count)
  const results = await withGraphs(
    golden,
    run,
    names.map(name => `pred.${name}`),
    async (runGraph, kept) => {
      const { encode, middle } = interpolator(runGraph)
      for (const { first, second } of pairs) await middle(encode(first), encode(second))
      return kept.get('synthesise')!
    }
  )
  for (const [name, stage] of Object.entries(golden.outputs)) {
    const ours = results.flatMap(outputs => outputs[`pred.${name}`] ?? [])
    yield ours.length ? compare(name, stage, stacked(ours)) : absent(name)
  }
}

type Results = Record<string, Frame>

/** Each pass of the augmented mode, and their mean. */
const passes = async (first: Frame, second: Frame, run: RunGraph): Promise<Results> => {
  const plain = interpolator(run)
  const [a, b] = [plain.encode(first), plain.encode(second)]
  const [c, d] = [plain.encode(turned(first)), plain.encode(turned(second))]
  const augmented = interpolator(run, { augmented: true })
  return {
    O: await plain.middle(a, b),
    T: await plain.middle(b, a),
    R: turnedBack(await plain.middle(c, d)),
    TR: turnedBack(await plain.middle(d, c)),
    mean: await augmented.middle(augmented.encode(first), augmented.encode(second))
  }
}

/** The middle, and the middles of its two halves. */
const recursion = async (first: Frame, second: Frame, run: RunGraph): Promise<Results> => {
  const { encode, middle, between } = interpolator(run)
  const [a, b] = [encode(first), encode(second)]
  const mid = await middle(a, b)
  const made = encode(mid)
  const [, clampedMid] = await between(a, b, 2)
  return {
    mid,
    q1: await middle(a, made),
    q3: await middle(made, b),
    q1_clamped: await middle(a, encode(clampedMid))
  }
}

const checkResults = (make: typeof passes) =>
  async function* ({ outputs, ...golden }: PairGolden, run: RunModel) {
    const [{ first, second }] = framesOf({ outputs, ...golden }, 1)
    const results = await withGraphs(golden, run, [], runGraph => make(first, second, runGraph))
    for (const [name, stage] of Object.entries(outputs))
      yield name in results ? compare(name, stage, results[name]) : absent(name)
  }

const isOurs = ({ system }: GoldenFile) => system.toLowerCase() === 'dqbc'

export const dqbcPairs: GoldenForm = {
  accepts: file => isOurs(file) && file.tag !== undefined,
  async *check(file, run) {
    const golden = parseGolden(file, pairGolden)
    const check =
      'mean' in golden.outputs
        ? checkResults(passes)
        : 'mid' in golden.outputs
          ? checkResults(recursion)
          : 'final' in golden.outputs
            ? checkBatch
            : checkPair
    yield* check(golden, run)
  }
}

const parametersGolden = z.object({
  params: z.array(z.tuple([z.string(), z.array(side), z.string(), z.boolean()])).min(1)
})

export const dqbcParameters: GoldenForm = {
  accepts: file => isOurs(file) && file.params !== undefined,
  // eslint-disable-next-line @typescript-eslint/require-await
  async *check(file) {
    const { params } = parseGolden(file, parametersGolden)
    const all = Object.values(buildDqbc()).flatMap(graph => graph.parameters)
    yield compareParameters(all, params)
  }
}
