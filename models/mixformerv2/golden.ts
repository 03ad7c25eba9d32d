/** Comparison with the golden files of MixFormerV2's networks and of their teacher's. */
import { z } from 'zod'
import {
  compare,
  compareParameters,
  filled,
  goldenParameters,
  goldenStage,
  incomparable,
  input1,
  parseGolden,
  withFilled,
  type GoldenForm,
  type RunModel
} from '../golden/index.ts'
import type { Graph, TensorData } from '../graph/index.ts'
import { patch, width } from './backbone.ts'
import { buildMixFormer, buildMixVit, buildSearch, buildTemplates } from './network.ts'
import { sinCosPositions } from './positions.ts'
import { mixVitB, scaleOf } from './variants.ts'

const size = z.int().positive()
const side = size.multipleOf(16)
const picture = z.object({
  name: z.string(),
  shape: z.tuple([z.literal(1), z.literal(3), side, side]),
  rule: z.literal('input-1')
})
const stages = filled(goldenStage)
const sampled = goldenStage.required({ samples: true })

const networkGolden = z.object({
  system: z.string(),
  parameters: goldenParameters,
  /** Template, online template, search. */
  inputs: z.tuple([picture, picture, picture]),
  stages,
  outputs: stages,
  cached_path: z
    .object({
      pred_boxes: goldenStage,
      pred_scores: goldenStage,
      qkv_mem_block0: sampled,
      qkv_mem_last: sampled
    })
    .optional(),
  sincos_template: goldenStage.optional(),
  marginals: stages.optional()
})
type NetworkGolden = z.infer<typeof networkGolden>
type Golden = z.infer<typeof goldenStage>
type Tensors = Readonly<Record<string, TensorData | undefined>>

/** What the graph, filled by the rule, makes of the feeds. */
const outputsOf = (graph: Graph, feeds: Record<string, TensorData>, run: RunModel) =>
  withFilled(graph, run, feed => feed(feeds))

/** @param place in front of the stages' names in the report */
function* compareAll(golden: Record<string, Golden>, ours: Tensors, place = '') {
  for (const [name, stage] of Object.entries(golden)) {
    const tensor = ours[name]
    yield tensor
      ? compare(place + name, stage, tensor)
      : incomparable(place + name, 'the network has no stage of this name')
  }
}

/** Block `i` of a memory [depth, 2, 12, M, 64] as the authors keep it, but for the queries, which nobody reads. */
const compareMemory = (
  name: string,
  { samples, ...golden }: z.infer<typeof sampled>,
  memory: TensorData,
  i: number
) => {
  const [, two, ...rest] = memory.shape
  const third = rest.reduce((a, b) => a * b, 1)
  const data = (memory.data as Float32Array<ArrayBuffer>).subarray(2 * i * third, 2 * (i + 1) * third)
  return compare(
    name,
    {
      ...golden,
      shape: golden.shape.with(0, two),
      samples: samples.filter(([at]) => at >= third).map(([at, value]) => [at - third, value])
    },
    { dtype: 'float32', shape: [two, 1, ...rest], data }
  )
}

async function* checkMixFormer(golden: NetworkGolden, feeds: Record<string, TensorData>, run: RunModel) {
  const scale = scaleOf(golden.parameters)
  const names = Object.keys({ ...golden.stages, ...golden.outputs })
  const graph = buildMixFormer(scale, names)
  yield compareParameters(graph.parameters, golden.parameters)
  const whole = await outputsOf(graph, feeds, run)
  yield* compareAll({ ...golden.stages, ...golden.outputs }, whole)

  const { search, ...templates } = feeds
  const { memory } = await outputsOf(buildTemplates(scale), templates, run)
  const { qkv_mem_block0, qkv_mem_last, ...cached } = golden.cached_path ?? {}
  if (qkv_mem_block0) yield compareMemory('cached/block 0', qkv_mem_block0, memory, 0)
  if (qkv_mem_last) yield compareMemory('cached/last block', qkv_mem_last, memory, scale.depth - 1)
  const outputs = await outputsOf(buildSearch(scale, Object.keys(golden.outputs)), { search, memory }, run)
  yield* compareAll({ ...golden.outputs, ...cached }, outputs, 'cached/')
  if (golden.sincos_template) {
    const grid = scale.template / patch
    const data = sinCosPositions(grid, width)
    yield compare('sincos_template', golden.sincos_template, {
      dtype: 'float32',
      shape: [grid ** 2, width],
      data
    })
  }
}

async function* checkMixVit(golden: NetworkGolden, feeds: Record<string, TensorData>, run: RunModel) {
  const edges = Object.fromEntries(
    Object.entries(golden.marginals ?? {}).map(([e, stage]) => [`prob_${e}`, stage])
  )
  const wanted = { ...golden.stages, ...golden.outputs, ...edges }
  const graph = buildMixVit(mixVitB, Object.keys(wanted))
  yield compareParameters(graph.parameters, golden.parameters)
  yield* compareAll(wanted, await outputsOf(graph, feeds, run))

  // Without stages the last block computes the search's tokens only.
  const ends = { ...golden.outputs, ...edges }
  yield* compareAll(ends, await outputsOf(buildMixVit(mixVitB, Object.keys(ends)), feeds, run), 'alone/')
}

export const mixFormerGolden: GoldenForm = {
  accepts: ({ system, parameters, stages: all }) =>
    system.toLowerCase() === 'mixformerv2' && parameters !== undefined && all !== undefined,

  /**
   * Builds the network of the file's parameters, fills it by the rule and compares all stages; then the two graphs that
   * a tracker runs, the templates' and the search's.
   */
  async *check(file, run) {
    const golden = parseGolden(file, networkGolden)
    const [template, online, search] = golden.inputs.map(({ name, shape }) => input1(name, shape)) as [
      TensorData,
      TensorData,
      TensorData
    ]
    const feeds = { template, online_template: online, search }
    yield* golden.parameters.some(([name]) => name === 'backbone.reg_tokens')
      ? checkMixFormer(golden, feeds, run)
      : checkMixVit(golden, feeds, run)
  }
}
