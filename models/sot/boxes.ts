/** Boxes of a tracker that looks for one thing in a square crop around its last box (MixFormerV2, ROMTrack). */
import type { Tlwh } from '../box.ts'
import { cropSquare } from './crop.ts'

/** No box becomes smaller than this, in pixels; so much of it stays within the frame. */
const margin = 10

const { fround } = Math

/**
 * The box in the frame, where the tracker found one in the crop around the previous box.
 *
 * @param found centre x, centre y, width, height as parts of the crop's side, float32
 * @param output pixels of the network's input in the crop's side
 * @param factor of the crop: see `cropSquare`
 * @throws Error where the previous box has no area
 */
export const boxInFrame = (found: Parts, previous: Tlwh, output: number, factor: number): Tlwh =>
  boxAtScale(found, previous, output, output / cropSquare(previous, factor).side)

type Parts = readonly [number, number, number, number]

/**
 * The same where the crop has `scale` network pixels per pixel of the frame. The authors scale in float32, the rest is
 * float64.
 */
export const boxAtScale = (found: Parts, previous: Tlwh, output: number, scale: number): Tlwh => {
  const [cx, cy, w, h] = found.map(v => fround(fround(v * output) / fround(scale))) as [
    number,
    number,
    number,
    number
  ]
  const half = (0.5 * output) / scale
  const [left, top, width, height] = previous
  return [cx + (left + 0.5 * width - half) - 0.5 * w, cy + (top + 0.5 * height - half) - 0.5 * h, w, h]
}

/** The box cut to the frame, at least 10 pixels wide and high, also where it lies outside. */
export const clipBox = ([x, y, w, h]: Tlwh, frame: { width: number; height: number }): Tlwh => {
  const [left, width] = clipSpan(x, w, frame.width)
  const [top, height] = clipSpan(y, h, frame.height)
  return [left, top, width, height]
}

const clipSpan = (start: number, length: number, limit: number) => {
  const from = Math.min(Math.max(0, start), limit - margin)
  const to = Math.min(Math.max(margin, start + length), limit)
  return [from, Math.max(margin, to - from)] as const
}
