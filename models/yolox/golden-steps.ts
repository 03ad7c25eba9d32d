/** Comparisons with the golden files of YOLOX: the steps around its network, and photos through all of it. */
import { z } from 'zod'
import { compare, deviationOf, goldenStage, inputU8, stepsForm, worst } from '../golden/index.ts'
import { letterboxer } from './preprocess.ts'
import type { Size } from './preprocess.ts'
import { postprocess } from './postprocess.ts'
import type { Detection } from './postprocess.ts'

const count = z.int().nonnegative()
const pair = z.tuple([count, count])
const shape3 = z.tuple([count, count, count])
const row = z.array(z.number())
const stage = goldenStage.required({ samples: true })

const stepsGolden = z.object({
  system: z.string(),
  letterbox: z
    .array(
      z.object({
        picture: z.object({ name: z.string(), shape: shape3, rule: z.literal('input-u8') }),
        input_size: pair,
        ratio: z.number(),
        resized_shape: shape3,
        resized: row,
        new: stage,
        mot: stage
      })
    )
    .min(1),
  postprocess: z
    .array(
      z.object({
        num_classes: count,
        conf_thre: z.number(),
        nms_thre: z.number(),
        prediction: z.array(row),
        detections: z.array(row).nullable(),
        detections_class_agnostic: z.array(row).nullable()
      })
    )
    .min(1)
})

/** These files hold pictures as OpenCV has them, BGR; ours are RGB. */
const swapped = (bgr: Uint8Array) => bgr.map((_, i) => bgr[i + 2 - 2 * (i % 3)])

function* checkSteps({ letterbox, postprocess: cases }: z.infer<typeof stepsGolden>) {
  for (const golden of letterbox) {
    const [height, width] = golden.picture.shape
    const target = { height: golden.input_size[0], width: golden.input_size[1] }
    const picture = swapped(inputU8(golden.picture.name, golden.picture.shape).data as Uint8Array)
    for (const form of ['new', 'mot'] as const) {
      const { ratio, resized, write } = letterboxer({ width, height }, target, form)
      const out = new Float32Array(3 * target.width * target.height)
      write(picture, out)
      const name = `letterbox ${golden.picture.name} ${form}`
      const size = [ratio, resized.height, resized.width]
      yield deviationOf(`${name} size`, worst(size, [golden.ratio, ...golden.resized_shape.slice(0, 2)]), 0)
      yield compare(name, golden[form], {
        dtype: 'float32',
        shape: [3, target.height, target.width],
        data: out
      })
      if (form === 'new') {
        const bytes = golden.resized.map((_, i) => {
          const [x, y] = [Math.floor(i / 3) % resized.width, Math.floor(i / 3 / resized.width)]
          return out[((i % 3) * target.height + y) * target.width + x]
        })
        yield deviationOf(`letterbox ${golden.picture.name} resized`, worst(bytes, golden.resized), 0)
      }
    }
  }
  for (const [i, golden] of cases.entries()) {
    const { num_classes, conf_thre: conf, nms_thre: nms } = golden
    const decoded = Float32Array.from(golden.prediction.flat())
    const rows = (classAgnostic: boolean) =>
      postprocess(decoded, num_classes, { conf, nms, classAgnostic }).map(toRow)
    yield deviationOf(`postprocess ${i}`, worst(rows(false), golden.detections ?? []), 1e-6)
    yield deviationOf(
      `postprocess ${i} class agnostic`,
      worst(rows(true), golden.detections_class_agnostic ?? []),
      1e-6
    )
  }
}

const toRow = (d: Detection) => [...d.box, d.objectness, d.classConfidence, d.class]

const preprocessing = z.enum(['new', 'mot'])
const thresholds = { conf_thre: z.number(), nms_thre: z.number(), rows: z.array(row) }

const photosGolden = z.object({
  system: z.string(),
  photo: z.string().default(''),
  weights: z.string().default(''),
  config: z.object({ preprocessing }).optional(),
  runs: z
    .array(
      z
        .object({
          frame: z.string().optional(),
          weights: z.string().optional(),
          preprocessing: preprocessing.optional(),
          input: pair,
          ratio: z.number(),
          network_input: stage,
          decoded: z.object({ shape: shape3 }),
          top_cells: z.array(row).default([])
        })
        .and(z.union([z.object({ detections: z.array(z.object(thresholds)).min(1) }), z.object(thresholds)]))
    )
    .min(1)
})

export interface Photos {
  /** The decoded photo, RGB interleaved, or undefined where it is not at hand. */
  photo: (name: string) => Promise<({ data: Uint8Array } & Size) | undefined>
  /** What the network with these weights makes of an input [1, 3, height, width]: decoded [1, anchors, 5 + classes]. */
  detect: (weights: string, input: Float32Array<ArrayBuffer>, size: Size) => Promise<Float32Array | undefined>
}

/** Levels that JPEG decoders differ by. */
const jpeg = 2

/** Largest distance of the samples. */
const sampled = (values: Float32Array, { samples }: z.infer<typeof stage>) =>
  samples.reduce((most, [i, v]) => Math.max(most, Math.abs(values[i] - v)), 0)

async function* checkPhotos(golden: z.infer<typeof photosGolden>, photos?: Photos) {
  for (const [i, run] of golden.runs.entries()) {
    const photo = run.frame ?? golden.photo
    const weights = run.weights ?? golden.weights
    const [height, width] = run.input
    const name = `${i} ${photo} ${height}x${width} ${weights}`
    const picture = await photos?.photo(photo)
    if (!photos || !picture) {
      yield { stage: name, skipped: `needs the photo ${photo}` }
      continue
    }
    const form = run.preprocessing ?? golden.config?.preprocessing ?? 'new'
    const { ratio, write } = letterboxer(picture, { width, height }, form)
    const input = new Float32Array(3 * width * height)
    write(picture.data, input)
    yield deviationOf(`${name} ratio`, worst(ratio, run.ratio), 0)
    yield deviationOf(
      `${name} network_input`,
      sampled(input, run.network_input),
      form === 'new' ? jpeg : jpeg / 255 / 0.224
    )

    const decoded = await photos.detect(weights, input, { width, height })
    if (!decoded) {
      yield { stage: `${name} detections`, skipped: `needs the weights ${weights}` }
      continue
    }
    const classes = run.decoded.shape[2] - 5
    for (const [cell, ...row] of run.top_cells) {
      const ours = decoded.subarray(cell * (5 + classes), (cell + 1) * (5 + classes))
      yield* near(`${name} cell ${cell}`, [[...ours]], [row], row.length)
    }
    const cases = 'detections' in run ? run.detections : [run]
    for (const { conf_thre: conf, nms_thre: nms, rows } of cases) {
      const ours = postprocess(decoded, classes, { conf, nms }).map(toRow)
      yield* near(`${name} detections at ${conf}, ${nms}`, ours, rows, 6)
      yield deviationOf(
        `${name} classes at ${conf}, ${nms}`,
        worst(
          ours.map(r => r[6]),
          rows.map(r => r[6])
        ),
        0
      )
    }
  }
}

/** Boxes within half a pixel, probabilities (the columns from 4 to `end`) within 0.01: as far as JPEG decoders move them. */
function* near(name: string, ours: number[][], golden: number[][], end: number) {
  const distance = (from: number, to: number) =>
    ours.length === golden.length
      ? Math.max(
          0,
          ...ours.flatMap((row, i) => row.slice(from, to).map((v, j) => Math.abs(v - golden[i][from + j])))
        )
      : Infinity
  yield deviationOf(`${name} boxes`, distance(0, 4), 0.5)
  yield deviationOf(`${name} probabilities`, distance(4, end), 0.01)
}

/** Letterboxing and post-processing of explicit inputs. */
export const yoloxSteps = stepsForm('yolox', ['letterbox', 'postprocess'], stepsGolden, checkSteps)

/** Real photos through pre-processing, network and post-processing; what `photos` cannot give is skipped. */
export const yoloxPhotos = (photos?: Photos) =>
  stepsForm('yolox', ['runs'], photosGolden, golden => checkPhotos(golden, photos))
