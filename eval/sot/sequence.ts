import type { Tlwh } from '../../models/box.ts'
import type { Size } from '../../models/picture.ts'

/** Where the thing that is followed is, as the data set tells it, frame by frame. */
export interface Truth {
  boxes: Tlwh[]
  /** Frames in which it is wholly hidden or out of the picture. */
  absent: boolean[]
  /** How much of it is to be seen, in eighths. */
  cover: number[]
  /** Of the pictures, where the data set states it. */
  size?: Size
}

/** Truth and results of one clip, as many boxes each, two at least; results have no NaN and no size below 0. */
export interface Sequence extends Truth {
  results: Tlwh[]
}

/** Areas in common and together of two boxes. */
export const areas = ([ax, ay, aw, ah]: Tlwh, [bx, by, bw, bh]: Tlwh) => {
  const w = Math.max(0, Math.min(ax + aw, bx + bw) - Math.max(ax, bx))
  const h = Math.max(0, Math.min(ay + ah, by + bh) - Math.max(ay, by))
  return { common: w * h, union: aw * ah + bw * bh - w * h }
}

export const iou = (a: Tlwh, b: Tlwh) => {
  const { common, union } = areas(a, b)
  return common / union
}

/** How far apart the middles of two boxes are, in pixels and in sizes of the truth; w and h reach from pixel to pixel. */
export const distances = ([tx, ty, tw, th]: Tlwh, [x, y, w, h]: Tlwh) => {
  const dx = tx + (tw - 1) / 2 - (x + (w - 1) / 2)
  const dy = ty + (th - 1) / 2 - (y + (h - 1) / 2)
  return { pixels: Math.hypot(dx, dy), normalised: Math.hypot(dx / tw, dy / th) }
}

/** Results without a size repeat the one before; then the first is the truth, which the tracker was told. */
export const repaired = ({ boxes, results }: Sequence): Tlwh[] => {
  const out = [...results]
  for (let i = 1; i < out.length; i++) if (!(out[i][2] > 0 && out[i][3] > 0)) out[i] = out[i - 1]
  out[0] = boxes[0]
  return out
}

/** `count` thresholds from 0 on. */
export const thresholds = (count: number, step: number) => Array.from({ length: count }, (_, i) => i * step)

export const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** Mean of curves, point by point. */
export const meanCurve = (curves: readonly number[][]) =>
  curves[0].map((_, i) => mean(curves.map(curve => curve[i])))
