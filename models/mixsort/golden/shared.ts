/** What the comparisons with MixSort's golden files share. */
import { z } from 'zod'
import type { SkippedStage } from '../../golden/index.ts'
import type { Tlwh } from '../../box.ts'
import { trackBox, type Detection, type Track } from '../byte.ts'
import { plausible, type MotRow } from '../lines.ts'

/** For float64 arithmetic, relative to the golden value where that is above 1. */
export const exact = 1e-9
export const noOc = 'MixSort-OC is not built'

export const skipped = (stage: string, reason: string): SkippedStage => ({ stage, skipped: reason })

export const count = z.int().nonnegative()
export const row = z.array(z.number())
export const table = z.array(row)
export const four = z.tuple([z.number(), z.number(), z.number(), z.number()])

/** How many places of two lists differ. */
export const differing = (ours: readonly unknown[], golden: readonly unknown[]) =>
  Array.from({ length: Math.max(ours.length, golden.length) }).filter(
    (_, i) => JSON.stringify(ours[i]) !== JSON.stringify(golden[i])
  ).length

/** Four variances, four covariances, four variances as the 8x8 covariance. */
export const full = (covariance: readonly number[]) =>
  Array.from({ length: 8 }, (_, i) =>
    Array.from({ length: 8 }, (_, j) =>
      i === j ? covariance[i < 4 ? i : i + 4] : Math.abs(i - j) === 4 ? covariance[4 + Math.min(i, j)] : 0
    )
  )

/** Detections as the files have them, x1, y1, x2, y2, objectness, class probability; `ratio` scales the boxes. */
export const detections = (rows: readonly number[][], ratio: number): Detection[] =>
  rows.map(numbers => {
    const [x1, y1, x2, y2, objectness, confidence] = numbers.map(Math.fround)
    const [x, y, right, bottom] = [x1, y1, x2, y2].map(v => Math.fround(v / Math.fround(ratio)))
    return {
      box: [x, y, Math.fround(right - x), Math.fround(bottom - y)],
      score: Math.fround(objectness * confidence)
    }
  })

export const rowsOf = (frame: number, tracks: readonly Track[], minArea?: number): MotRow[] =>
  tracks
    .map(t => ({ frame, id: t.id, box: trackBox(t), score: t.score }))
    .filter(row => plausible(row.box, minArea))

/** A number as Python prints a float. */
export const repr = (v: number) =>
  Number.isInteger(v)
    ? `${Object.is(v, -0) ? '-' : ''}${v.toFixed(1)}`
    : Math.abs(v) < 1e-4
      ? v.toExponential().replace(/e-(\d)$/, 'e-0$1')
      : String(v)

/** The line of the authors' scripts: numbers as Python prints them. */
export const authorsText = (frame: number, id: number, box: Tlwh, score: string) =>
  `${frame},${id},${box.map(repr).join(',')},${score},-1,-1,-1`
