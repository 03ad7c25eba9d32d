import type { Tlwh } from '../box.ts'
import type { Measurement } from './kalman.ts'

export const toMeasurement = ([x, y, w, h]: Tlwh): Measurement => [x + w / 2, y + h / 2, w / h, h]

/** The box of a filter's mean (cx, cy, a, h, …). */
export const fromMean = ([cx, cy, a, h]: readonly number[]): Tlwh => {
  const w = a * h
  return [cx - w / 2, cy - h / 2, w, h]
}

/** x1, y1, x2, y2 of two corners, in pixels of the source picture. */
export type Corners = readonly [number, number, number, number]

export const toCorners = ([x, y, w, h]: Tlwh): Corners => [x, y, x + w, y + h]

/** Intersection over union of boxes whose corners are pixels that belong to them ("+1" IoU); 0 where they are apart. */
export const iouPlusOne = (a: Corners, b: Corners) => {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]) + 1
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]) + 1
  return w > 0 && h > 0 ? (w * h) / (area(a) + area(b) - w * h) : 0
}

const area = ([x1, y1, x2, y2]: Corners) => (x2 - x1 + 1) * (y2 - y1 + 1)
