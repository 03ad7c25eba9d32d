/** Comparison with the golden files of ROMTrack's network: a clip's beginning, then frames one after another. */
import { z } from 'zod'
import {
  compare,
  compareParameters,
  deviationOf,
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
import type { TensorData } from '../graph/index.ts'
import { buildRomtrackFrame, buildRomtrackTemplate, romtrackParameters } from './network.ts'
import { decode, hannWindow } from './track.ts'

const size = z.int().positive()
const picture = z.object({
  name: z.string(),
  shape: z
    .tuple([z.literal(1), z.literal(3), size.multipleOf(16), size])
    .refine(([, , height, width]) => height === width, 'it is no square'),
  rule: z.literal('input-1')
})
/** By block. */
const cache = filled(z.object({ k_vt: goldenStage, v_vt: goldenStage }))
const cell = z.int().nonnegative()

const networkGolden = z.object({
  system: z.string(),
  inputs: z.tuple([picture], picture),
  parameters: goldenParameters,
  variation_tokens_init: cache,
  stages: filled(goldenStage),
  frames: z
    .array(
      z.object({
        score_map: goldenStage,
        size_map: goldenStage,
        offset_map: goldenStage,
        argmax_without_window: cell,
        pred_boxes_without_window: goldenStage,
        argmax_with_window: cell,
        max_response: z.number(),
        pred_boxes: goldenStage,
        variation_tokens_after: cache
      })
    )
    .min(1),
  hann_window: goldenStage
})
type NetworkGolden = z.infer<typeof networkGolden>

/** The network's size, from the inputs and the parameters' shapes. */
const scaleOf = ({ inputs, parameters }: NetworkGolden) => {
  const shapes = new Map(parameters.map(([name, shape]) => [name, shape]))
  const [template, search] = inputs
  return {
    template: template.shape[2],
    search: search?.shape[2] ?? 0,
    width: shapes.get('encoder.pos_embed_t')?.[2] ?? 0,
    depth: parameters.filter(([name]) => /^encoder\.blocks\.\d+\.norm1\.weight$/.test(name)).length
  }
}

/** Keys or values of one block out of a state [D, 2, H, T, 64]. */
const ofBlock = (state: TensorData, block: number, which: 0 | 1): TensorData => {
  const [, , ...rest] = state.shape
  const length = rest.reduce((a, b) => a * b, 1)
  const at = (2 * block + which) * length
  return {
    dtype: 'float32',
    shape: [1, ...rest],
    data: (state.data as Float32Array<ArrayBuffer>).subarray(at, at + length)
  }
}

function* compareCache(name: string, golden: z.infer<typeof cache>, state: TensorData) {
  for (const [block, { k_vt, v_vt }] of Object.entries(golden)) {
    yield compare(`${name}/blocks.${block}.k_vt`, k_vt, ofBlock(state, Number(block), 0))
    yield compare(`${name}/blocks.${block}.v_vt`, v_vt, ofBlock(state, Number(block), 1))
  }
}

const floats = (shape: number[], data: ArrayLike<number>): TensorData => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data)
})

/** Box, cell and response that follow from our maps. */
function* compareBoxes(
  name: string,
  golden: NetworkGolden['frames'][number],
  outputs: Readonly<Record<string, TensorData>>,
  window: Float32Array
) {
  const data = (tensor: TensorData) => tensor.data as Float32Array
  const maps = { score: data(outputs.score), offset: data(outputs.offset), size: data(outputs.size) }
  const windowed = decode(maps, window)
  yield deviationOf(`${name}/cell`, Math.abs(windowed.cell - golden.argmax_with_window), 0)
  yield deviationOf(`${name}/response`, Math.abs(windowed.response - golden.max_response), 1e-6)
  yield compare(`${name}/box`, golden.pred_boxes, floats([1, 4], windowed.box))
  const plain = decode(maps, new Float32Array(window.length).fill(1))
  yield deviationOf(`${name}/cell without window`, Math.abs(plain.cell - golden.argmax_without_window), 0)
  yield compare(`${name}/box without window`, golden.pred_boxes_without_window, floats([1, 1, 4], plain.box))
}

async function* checkNetwork(golden: NetworkGolden, run: RunModel) {
  const scale = scaleOf(golden)
  const [template, ...searches] = golden.inputs
  const sides = new Set(searches.map(({ shape }) => shape[2]))
  const { width, depth } = scale
  if (searches.length !== golden.frames.length || sides.size !== 1 || !width || width % 64 || !depth) {
    const problem = `the file has ${golden.frames.length} frames, ${searches.length} searches of ${sides.size} sizes, ${width} channels and ${depth} blocks`
    yield incomparable('inputs', problem)
    return
  }
  yield compareParameters(romtrackParameters(scale), golden.parameters)

  const stages = Map.groupBy(Object.entries(golden.stages), ([name]) => name.slice(0, name.indexOf('/')))
  const wanted = (group: string) =>
    (stages.get(group) ?? []).map(([name, stage]) => ({ name, stage, ours: name.slice(group.length + 1) }))
  const templateStages = ['encoder.patch_embed_t', ...wanted('init').map(({ ours }) => ours)]
  const picture = { template: input1(template.name, template.shape) }
  const begun = await withFilled(buildRomtrackTemplate(scale), run, feed => feed(picture))
  const staged = await withFilled(buildRomtrackTemplate(scale, templateStages), run, feed => feed(picture))
  yield* compareCache('init', golden.variation_tokens_init, begun.inherent)
  yield* compareStages(wanted('init'), staged)

  const clip = { template_tokens: begun.template_tokens, inherent: begun.inherent }
  const followed = await withFilled(buildRomtrackFrame(scale), run, async feed => {
    const frames = []
    let variation = begun.inherent
    for (const { name, shape } of searches) {
      const feeds = { ...clip, search: input1(name, shape), variation }
      const outputs = await feed(feeds)
      frames.push({ feeds, outputs })
      variation = outputs.next_variation
    }
    return frames
  })
  const frameStages = searches.map((_, i) => wanted(`frame${i}`))
  const names = frameStages.flat().map(({ ours }) => ours)
  const followedStages = await withFilled(buildRomtrackFrame(scale, names), run, async feed => {
    const frames = []
    for (const { feeds } of followed) frames.push(await feed(feeds))
    return frames
  })

  const grid = scale.search / 16
  const window = hannWindow(grid)
  yield compare('hann_window', golden.hann_window, floats([1, 1, grid, grid], window))
  for (const [i, frame] of golden.frames.entries()) {
    const { outputs } = followed[i]
    yield* compareStages(frameStages[i], { ...staged, ...followedStages[i] })
    yield compare(`frame${i}/score_map`, frame.score_map, outputs.score)
    yield compare(`frame${i}/size_map`, frame.size_map, outputs.size)
    yield compare(`frame${i}/offset_map`, frame.offset_map, outputs.offset)
    yield* compareBoxes(`frame${i}`, frame, outputs, window)
    yield* compareCache(`frame${i}`, frame.variation_tokens_after, outputs.next_variation)
  }
}

function* compareStages(
  wanted: { name: string; ours: string; stage: z.infer<typeof goldenStage> }[],
  outputs: Readonly<Record<string, TensorData | undefined>>
) {
  for (const { name, ours, stage } of wanted) {
    const output = outputs[ours]
    yield output ? compare(name, stage, output) : incomparable(name, 'the network has no stage of this name')
  }
}

export const romtrackGolden: GoldenForm = {
  accepts: ({ system, parameters, frames, stages }) =>
    system.toLowerCase() === 'romtrack' && [parameters, frames, stages].every(part => part !== undefined),

  /**
   * Builds both graphs for the sizes of the file, fills them by the rule and compares what they give, frame by frame;
   * then the same with all stages as outputs.
   */
  async *check(file, run) {
    yield* checkNetwork(parseGolden(file, networkGolden), run)
  }
}
