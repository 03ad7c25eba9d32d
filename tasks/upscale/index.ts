import { madeRow } from '../../events/rows.ts'
import { enlarge } from '../../models/maxsr/enlarge.ts'
import { planTiles, tileSide } from '../../models/maxsr/tiles.ts'
import { defineTask, type PictureStage } from '../define.ts'
import { madeOutputs } from '../made.ts'
import { checkOptions, completeOptions, options, type Options } from './options.ts'

/** On one processor, twice the size (docs/benchmarks.md). */
const secondsATile = { maxsr: 9.1, light: 1.4 }

/** Enlarges each frame by itself, tile by tile. */
const make: PictureStage<Options> = {
  kind: 'pictures',
  name: 'upscale',
  row: madeRow,
  video: 'upscaled.mp4',
  model: ({ model }) => model,
  made: ({ scale }, { video }) => ({
    width: scale * video.width,
    height: scale * video.height,
    timeBase: video.timeBase
  }),

  open({ options: { scale }, pictures: size, run }) {
    // The network is built for whole tiles; what is smaller is mirrored up to one.
    const plan = { ...planTiles(size), padded: { width: tileSide, height: tileSide } }
    return async frame => {
      const picture = await enlarge(await frame.picture(), scale, plan, async lr => (await run({ lr })).sr)
      return { row: { frame: frame.index, pictures: 1 }, pictures: [{ pts: frame.pts, picture }] }
    }
  }
}

export const upscale = defineTask<Options>({
  name: 'upscale',
  summary: 'more pixels: MaxSR enlarges each frame',
  systems: ['maxsr'],
  models: [],
  options,
  complete: completeOptions,
  pictures: () => ({ format: 'png', longSide: 8192 }),
  check: checkOptions,
  slowness: ({ large }, { video }) => {
    const { columns, rows } = planTiles(video)
    return columns.length * rows.length * (large ? secondsATile.maxsr : secondsATile.light)
  },
  stages: [make],
  outputs: () => madeOutputs('upscaled.json'),
  overlay: () => undefined
})
