import type { Tlwh } from '../box.ts'
import { rint } from '../round.ts'

/** One line of a MOTChallenge file: frame and id count from 1, the box in pixels, score null where it is not known. */
export interface MotRow {
  frame: number
  id: number
  box: Tlwh
  score: number | null
}

/** The filter on what is given out (MixSort, BYTE's tools): larger than `minArea` pixels and not wider than 1.6 heights. */
export const plausible = ([, , w, h]: Tlwh, minArea = 100) => w * h > minArea && w / h <= 1.6

/** The row with boxes rounded to 0.1 pixel (float64) and the score to 0.01 (float32). */
export const rounded = ({ frame, id, box: [x, y, w, h], score }: MotRow): MotRow => ({
  frame,
  id,
  box: [tenths(x), tenths(y), tenths(w), tenths(h)],
  score: score === null ? null : Math.fround(rint(Math.fround(score * 100)) / 100)
})

const tenths = (v: number) => rint(10 * v) / 10

/** `frame,id,x,y,w,h,score,-1,-1,-1` in plain decimals: `1,1,253.0,218.7,29.6,89.8,0.88,-1,-1,-1`; a score not known is -1. */
export const motLine = (row: MotRow) => {
  const { frame, id, box, score } = rounded(row)
  return [frame, id, ...box.map(v => v.toFixed(1)), score?.toFixed(2) ?? -1, -1, -1, -1].join(',')
}
