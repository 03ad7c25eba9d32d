import type { Tlwh } from '../../models/box.ts'

/** One row of a MOTChallenge text. */
export interface Row {
  /** Where it stands in the file, from 1. */
  line: number
  id: number
  box: Tlwh
  /** Column 7 as an integer: 0 for truth that does not count; no metric looks at a result's. */
  mark: number
  /** Column 8: 1 for a pedestrian. */
  class: number
}

/** A file's rows by frame, the clip's first one first. */
export interface Rows {
  file: string
  /** How many columns all rows have. */
  columns: number
  frames: Row[][]
}

/** A frame as the metrics see it: T boxes of truth, R of results. */
interface Frame {
  /** Ids, counted from 0 over the whole sequence: [T] and [R]. */
  truths: Int32Array
  results: Int32Array
  /** IoU, [T, R]. */
  similarity: Float64Array
}

/** A sequence as the metrics see it: G truth ids, R result ids. */
export interface Sequence {
  frames: Frame[]
  /** How many boxes each id has: [G] and [R]. */
  truthBoxes: Float64Array
  resultBoxes: Float64Array
}

/** float64's machine epsilon, the slack of the official tool's comparisons. */
export const eps = Number.EPSILON

export const sum = (values: Iterable<number>) => {
  let total = 0
  for (const value of values) total += value
  return total
}
