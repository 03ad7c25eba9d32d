/** Comparison with the golden files of MaxSR: its network at each factor, and the geometry of padding and tiles. */
import { z } from 'zod'
import {
  compare,
  compareParameters,
  deviationOf,
  filled,
  goldenParameters,
  goldenStage,
  incomparable,
  inputU8,
  parseGolden,
  stepsForm,
  withFilled,
  worst,
  type GoldenForm
} from '../golden/index.ts'
import type { TensorData } from '../graph/index.ts'
import type { Picture, Size } from '../picture.ts'
import { enlarge } from './enlarge.ts'
import { buildMaxsr } from './network.ts'
import { mirrored, paddedSize, windowOf } from './pad.ts'
import { planTiles, spansAlong } from './tiles.ts'
import { maxsrVariants, type Factor } from './variants.ts'

const size = z.int().positive()
const natural = z.int().nonnegative()
const pair = z.tuple([size, size])

const networkGolden = z.object({
  system: z.string(),
  variant: z.enum(['maxsr', 'maxsr-light']),
  scale: z.literal([2, 3, 4, 8]),
  /** `lr`, not padded. */
  input: z.object({
    name: z.literal('lr'),
    shape: z.tuple([z.literal(1), z.literal(3), size, size]),
    rule: z.literal('input-u8 / 255')
  }),
  /** The number of their elements. */
  parameters: size,
  /** Height, width. */
  padded: pair,
  window: pair,
  state: goldenParameters,
  stages: filled(goldenStage),
  output: goldenStage,
  output_u8: goldenStage
})

/** Bytes [1, 3, height, width] as a picture. */
const pictureOf = (planes: TensorData): Picture => {
  const [, , height, width] = planes.shape
  const area = height * width
  return {
    data: Uint8Array.from({ length: 3 * area }, (_, i) =>
      Number(planes.data[(i % 3) * area + Math.floor(i / 3)])
    ),
    width,
    height
  }
}

/** A picture as bytes [1, 3, height, width]. */
const planesOf = ({ data, width, height }: Picture): TensorData => {
  const area = width * height
  return {
    dtype: 'uint8',
    shape: [1, 3, height, width],
    data: Uint8Array.from({ length: 3 * area }, (_, i) => data[3 * (i % area) + Math.floor(i / area)])
  }
}

/** The upper left corner of [1, 3, H, W], of this size. */
const cornerOf = ({ dtype, shape, data }: TensorData, { width, height }: Size): TensorData => {
  const [, , rows, columns] = shape
  const corner = Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const [plane, y, x] = [Math.floor(i / width / height), Math.floor(i / width) % height, i % width]
    return Number(data[(plane * rows + y) * columns + x])
  })
  return { dtype, shape: [1, 3, height, width], data: corner }
}

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

export const maxsrGolden: GoldenForm = {
  accepts: ({ system, state, stages }) =>
    system.toLowerCase() === 'maxsr' && state !== undefined && stages !== undefined,

  /** Feeds the bytes of the file as one tile to the network, filled by the rule, and compares all stages. */
  async *check(file, run) {
    const golden = parseGolden(file, networkGolden)
    const factor: Factor = golden.scale
    const picture = pictureOf(inputU8(golden.input.name, golden.input.shape))
    const side = Math.max(picture.width, picture.height, 32)
    const plan = planTiles(picture, { side })
    const { padded } = plan
    yield deviationOf('padded', worst([padded.height, padded.width], golden.padded), 0)
    yield deviationOf('window', worst([windowOf(picture.height), windowOf(picture.width)], golden.window), 0)

    const outputs = ['sr', ...Object.keys(golden.stages)]
    const graph = buildMaxsr(maxsrVariants[golden.variant], { factor, size: padded, outputs })
    yield compareParameters(graph.parameters, golden.state)
    const count = graph.parameters.reduce((sum, { shape }) => sum + elements(shape), 0)
    yield deviationOf('number of parameters', Math.abs(count - golden.parameters), 0)

    let ours: Readonly<Record<string, TensorData | undefined>> = {}
    const enlarged = await withFilled(graph, run, feed =>
      enlarge(picture, factor, plan, async lr => {
        const results = await feed({ lr })
        ours = results
        return results.sr
      })
    )
    for (const [name, stage] of Object.entries(golden.stages))
      yield ours[name]
        ? compare(name, stage, ours[name])
        : incomparable(name, 'the network has no stage of this name')
    yield compare('output', golden.output, cornerOf(ours.sr!, enlarged))
    yield compare('output_u8', golden.output_u8, planesOf(enlarged))
  }
}

const geometryGolden = z.object({
  /** By `n<pixels>_to_<places>`. */
  mirror: filled(z.array(natural)),
  square: filled(size),
  tiles: z
    .array(
      z.object({
        n: size,
        tile: size,
        margin: natural,
        start_keepfrom_keepto: z.array(z.tuple([natural, natural, natural]))
      })
    )
    .min(1)
})

function* checkGeometry({ mirror, square, tiles }: z.infer<typeof geometryGolden>) {
  for (const [name, golden] of Object.entries(mirror)) {
    const [pixels, places] = (name.match(/\d+/g) ?? []).map(Number)
    const ours = Array.from({ length: places }, (_, i) => mirrored(i, pixels))
    yield deviationOf(`mirror ${name}`, worst(ours, golden), 0)
  }
  for (const [n, golden] of Object.entries(square))
    yield deviationOf(`square of ${n}`, worst(paddedSize({ width: Number(n), height: 1 }).width, golden), 0)
  for (const { n, tile, margin, start_keepfrom_keepto: golden } of tiles) {
    const ours = spansAlong(n, tile, margin).map(({ start, from, to }) => [start, from, to])
    yield deviationOf(`tiles of ${tile} along ${n}`, worst(ours, golden), 0)
  }
}

/** The form of the golden file of steps beside the network; the file states no system. */
export const maxsrGeometry = stepsForm('', ['mirror', 'square', 'tiles'], geometryGolden, checkGeometry)
