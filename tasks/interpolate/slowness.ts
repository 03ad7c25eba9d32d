import type { ClipFacts } from '../../events/clip.ts'
import type { Options } from './options.ts'
import { halvings } from './times.ts'

/** Seconds of one processor for a frame that is made, per megapixel: of 1280 x 720 (docs/benchmarks.md). */
const perMegapixel = 26

/** Seconds of one processor for a frame of the clip. */
export const slowness = ({ rate, augmented }: Options, { video }: ClipFacts): number => {
  const { width, height, frameRate } = video
  const wanted = 'factor' in rate ? rate.factor - 1 : (rate.num * frameRate.den) / (rate.den * frameRate.num)
  const made = Math.min(2 ** halvings - 1, wanted)
  return ((perMegapixel * width * height) / 1e6) * made * (augmented ? 4 : 1)
}
