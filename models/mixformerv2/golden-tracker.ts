/** Comparison with the golden file of MixFormerV2's tracker: its steps, scripted answers, a clip through all of it. */
import { z } from 'zod'
import {
  compare,
  deviationOf,
  goldenStage,
  parseGolden,
  withFilled,
  worst,
  type GoldenForm,
  type RunModel
} from '../golden/index.ts'
import type { TensorData } from '../graph/index.ts'
import type { Tlwh } from '../box.ts'
import type { Picture } from '../picture.ts'
import { boxAtScale, clipBox } from '../sot/boxes.ts'
import { cropSquare, writeCrop } from '../sot/crop.ts'
import { cropInput } from '../sot/follower.ts'
import { four, goldenCrop, noiseClip, pictureOf } from '../sot/golden-clip.ts'
import { mixFormerFollower } from './follow.ts'
import { buildSearch, buildTemplates } from './network.ts'
import { advance, start, templateFactor } from './tracker.ts'
import { mixFormerVariants } from './variants.ts'

const number = z.number()
const size = z.int().positive()
const answer = { box: four, score: number, max_pred_score: number }

const scriptSizes = /template (\d+), search (\d+), factor ([\d.]+), interval (\d+)/
const clipInterval = /interval (\d+)/

const trackerGolden = z.object({
  system: z.string(),
  frames: noiseClip,
  init_box: four,
  preprocess: z.object({ out: goldenStage }),
  decode: z
    .array(
      z.object({
        state: four,
        pred_box: four,
        resize_factor: number,
        search_size: size,
        mapped: four,
        clipped: four,
        H: size,
        W: size
      })
    )
    .min(1),
  /** The sizes stand in the note. */
  scripted: z.object({
    note: z.string().regex(scriptSizes),
    rows: z
      .array(
        z.object({
          ...answer,
          in_box_cxcywh: four,
          online_template_mean: number,
          next_online_template_mean: number
        })
      )
      .min(1),
    crops: z.array(goldenCrop.extend({ pixel_sum: z.int() }))
  }),
  end_to_end: z.object({
    note: z.string().regex(clipInterval),
    rows: z.array(z.object(answer)).min(1),
    crops: z.array(goldenCrop.extend({ pixels: goldenStage })).min(2)
  })
})
type TrackerGolden = z.infer<typeof trackerGolden>

interface Crop {
  box: Tlwh
  factor: number
  /** Normalised, [1, 3, side, side]. */
  tensor: TensorData
}

/** Makes crops, and remembers them in order. */
const recorder = () => {
  const crops: Crop[] = []
  const note = (picture: Picture, box: Tlwh, factor: number, side: number): Crop => {
    const made = { box, factor, tensor: cropInput(picture, box, factor, side) }
    crops.push(made)
    return made
  }
  return { crops, note }
}

const mean = ({ tensor: { data } }: Crop) =>
  (data as Float32Array).reduce((sum, v) => sum + v, 0) / data.length

const channels = [
  { mean: 0.485, deviation: 0.229 },
  { mean: 0.456, deviation: 0.224 },
  { mean: 0.406, deviation: 0.225 }
]

/** The bytes [side, side, 3] that a crop was made of. */
const bytesOf = ({ tensor: { shape, data } }: Crop): TensorData => {
  const [, , height, width] = shape
  const area = height * width
  return {
    dtype: 'uint8',
    shape: [height, width, 3],
    data: Uint8Array.from({ length: 3 * area }, (_, i) => {
      const { mean, deviation } = channels[i % 3]
      return Math.round(((data as Float32Array)[(i % 3) * area + Math.floor(i / 3)] * deviation + mean) * 255)
    })
  }
}

const geometry = (crops: readonly Crop[]) =>
  crops.map(({ box, factor, tensor: { shape } }) => [
    box,
    factor,
    shape[3],
    shape[3] / cropSquare(box, factor).side
  ])
const goldenGeometry = (crops: readonly z.infer<typeof goldenCrop>[]) =>
  crops.map(({ box, factor, output, resize_factor }) => [box, factor, output, resize_factor])

/** For sums of float64. */
const exact = 1e-9
/** For pixels and scores behind a network in float32. */
const close = 1e-3

/** The corner of the first frame, as a crop without resizing. */
const checkPreprocess = ({ frames, preprocess }: TrackerGolden) => {
  const [, , side] = preprocess.out.shape
  const data = new Float32Array(3 * side * side)
  writeCrop(pictureOf(frames, 0), { left: 0, top: 0, side }, side, data)
  return compare('preprocess', preprocess.out, { dtype: 'float32', shape: [1, 3, side, side], data })
}

function* checkDecode({ decode }: TrackerGolden) {
  for (const [i, golden] of decode.entries()) {
    const { pred_box, state, search_size, resize_factor, W, H } = golden
    const box = pred_box.map(Math.fround) as unknown as Tlwh
    const mapped = boxAtScale(box, state, search_size, resize_factor)
    yield deviationOf(`decode ${i} mapped`, worst(mapped, golden.mapped), exact)
    yield deviationOf(
      `decode ${i} clipped`,
      worst(clipBox(mapped, { width: W, height: H }), golden.clipped),
      exact
    )
  }
}

/** The network's answers are given: boxes, scores, templates, and which crops are made, in order. */
function* checkScript({ frames, init_box, scripted }: TrackerGolden) {
  const [, template, search, searchFactor, interval] = scriptSizes.exec(scripted.note)!.map(Number)
  const [height, width] = frames.shape
  const { crops, note } = recorder()
  const make = (frame: number, ...crop: [box: Tlwh, factor: number, side: number]) =>
    note(pictureOf(frames, frame), ...crop)
  const options = { search, searchFactor, interval }
  let state = start(init_box, make(0, init_box, templateFactor, template))
  for (const [i, row] of scripted.rows.entries()) {
    const frame = i + 1
    make(frame, state.box, searchFactor, search)
    const before = state
    const found = { box: row.in_box_cxcywh.map(Math.fround) as unknown as Tlwh, score: row.score }
    state = advance(before, found, { width, height }, options, box =>
      make(frame, box, templateFactor, template)
    )
    yield deviationOf(`scripted ${frame} box`, worst(state.box, row.box), exact)
    yield deviationOf(`scripted ${frame} best score`, worst(state.bestScore, row.max_pred_score), exact)
    yield deviationOf(
      `scripted ${frame} templates' means`,
      worst(
        [mean(before.online), mean(state.online)],
        [row.online_template_mean, row.next_online_template_mean]
      ),
      1e-6
    )
  }
  yield deviationOf('scripted crops', worst(geometry(crops), goldenGeometry(scripted.crops)), exact)
  const sum = (crop: Crop) => (bytesOf(crop).data as Uint8Array).reduce((total, v) => total + v, 0)
  yield deviationOf(
    "scripted crops' bytes",
    worst(
      crops.map(sum),
      scripted.crops.map(c => c.pixel_sum)
    ),
    0
  )
}

/** The networks of `s`, filled by the rule, follow noise through noise. */
async function* checkClip({ frames, init_box, end_to_end }: TrackerGolden, run: RunModel) {
  const scale = mixFormerVariants.s
  const interval = Number(clipInterval.exec(end_to_end.note)![1])
  const [, firstSearch] = end_to_end.crops
  const options = { searchFactor: firstSearch.factor, interval }
  const { crops, note } = recorder()
  const states = await withFilled(buildTemplates(scale), run, remember =>
    withFilled(buildSearch(scale), run, async look => {
      const follower = mixFormerFollower(
        scale,
        options,
        (feeds, graph) => (graph === 'template' ? remember(feeds) : look(feeds)),
        (picture, ...crop) => note(picture, ...crop).tensor
      )
      let state = await follower.start(pictureOf(frames, 0), init_box)
      const all = []
      for (const frame of end_to_end.rows.keys()) {
        const next = await follower.step(state, pictureOf(frames, frame + 1))
        state = next.state
        all.push({ state: state.tracker, score: next.score })
      }
      return all
    })
  )
  for (const [i, { box, score, max_pred_score }] of end_to_end.rows.entries()) {
    const { state, score: ours } = states[i]
    yield deviationOf(`clip ${i + 1} box`, worst(state.box, box), close)
    yield deviationOf(`clip ${i + 1} scores`, worst([ours, state.bestScore], [score, max_pred_score]), 1e-5)
  }
  for (const [i, { pixels }] of end_to_end.crops.entries())
    yield compare(`clip crop ${i}`, pixels, bytesOf(crops[i]))
  yield deviationOf('clip crops', worst(geometry(crops), goldenGeometry(end_to_end.crops)), close)
}

export const mixFormerTracker: GoldenForm = {
  accepts: ({ system, scripted, end_to_end }) =>
    system.toLowerCase() === 'mixformerv2' && scripted !== undefined && end_to_end !== undefined,
  async *check(file, run) {
    const golden = parseGolden(file, trackerGolden)
    yield checkPreprocess(golden)
    yield* checkDecode(golden)
    yield* checkScript(golden)
    yield* checkClip(golden, run)
  }
}
