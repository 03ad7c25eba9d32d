import { assign } from '../../models/mixsort/assign.ts'

/** The one-to-one pairs of rows and columns whose scores (row-major, none below 0) have the largest sum. */
export const bestPairs = (score: Float64Array, rows: number, columns: number) =>
  assign(
    score.map(value => -value),
    rows,
    columns,
    0
  ).pairs
