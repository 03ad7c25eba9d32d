/** Comparison with the golden file of ROMTrack's tracker: decoding, and a clip of noise through all of it. */
import { z } from 'zod'
import {
  deviationOf,
  input1,
  parseGolden,
  withFilled,
  worst,
  type GoldenForm,
  type RunModel
} from '../golden/index.ts'
import type { Tlwh } from '../box.ts'
import { cropSquare } from '../sot/crop.ts'
import { four, goldenCrop, noiseClip, pictureOf } from '../sot/golden-clip.ts'
import { romtrackFollower } from './follow.ts'
import { buildRomtrackFrame, buildRomtrackTemplate } from './network.ts'
import { decode, hannWindow } from './track.ts'
import { romtrackVariants } from './variants.ts'

/** The variant stands in the file's description. */
const variant = /romtrack-(tiny-256|small-256|base-256|base-384|large-384)/

const trackerGolden = z.object({
  system: z.string(),
  what: z.string().regex(variant),
  frames: noiseClip,
  init_box: four,
  boxes: z.array(four).min(1),
  /** The template's, then one a frame. */
  crops: z.tuple([goldenCrop, goldenCrop], goldenCrop),
  decode: z.object({ argmax: z.int(), box: four, max_response: z.number() })
})
type TrackerGolden = z.infer<typeof trackerGolden>

/** The cells of the file's explicit maps, g x g. */
const grid = 16

const explicitMaps = () => {
  const map = (name: string, channels: number) => input1(name, [1, channels, grid, grid]).data as Float32Array
  const probability = (map: Float32Array) => map.map(v => 1 / (1 + Math.exp(-v)))
  return {
    score: probability(map('decode.score', 1)),
    size: probability(map('decode.size', 2)),
    offset: map('decode.offset', 2)
  }
}

/** Boxes in pixels, of float32 arithmetic behind a network. */
const pixels = 1e-3

async function* checkTracker(golden: TrackerGolden, run: RunModel) {
  const found = decode(explicitMaps(), hannWindow(grid))
  yield deviationOf('decode cell', Math.abs(found.cell - golden.decode.argmax), 0)
  yield deviationOf('decode box', worst(found.box, golden.decode.box), 1e-6)
  yield deviationOf('decode response', worst(found.response, golden.decode.max_response), 1e-6)

  const [, ...searches] = golden.crops
  for (const [i, { box, factor, output, resize_factor }] of golden.crops.entries())
    yield deviationOf(`crop ${i} scale`, worst(output / cropSquare(box, factor).side, resize_factor), 0)

  const scale = romtrackVariants[variant.exec(golden.what)![1] as keyof typeof romtrackVariants]
  const boxes = await withFilled(buildRomtrackTemplate(scale), run, begin =>
    withFilled(buildRomtrackFrame(scale), run, async go => {
      const follower = romtrackFollower(scale, searches[0].factor, (feeds, graph) =>
        graph === 'template' ? begin(feeds) : go(feeds)
      )
      let state = await follower.start(pictureOf(golden.frames, 0), golden.init_box)
      const all: Tlwh[] = []
      for (const i of searches.keys()) {
        const next = await follower.step(state, pictureOf(golden.frames, i + 1))
        state = next.state
        all.push(next.box)
      }
      return all
    })
  )
  for (const [i, box] of golden.boxes.entries())
    yield deviationOf(`box ${i + 1}`, worst(boxes[i], box), pixels)
}

export const romtrackTracker: GoldenForm = {
  accepts: ({ system, init_box, boxes, decode: step }) =>
    system.toLowerCase() === 'romtrack' && [init_box, boxes, step].every(part => part !== undefined),
  async *check(file, run) {
    yield* checkTracker(parseGolden(file, trackerGolden), run)
  }
}
