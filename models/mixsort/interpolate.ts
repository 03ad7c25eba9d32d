import type { MotRow } from './lines.ts'

/**
 * Fills the gaps of each id that has more than `nMin` rows: between two rows less than `nDti` frames apart boxes go
 * in a straight line ("dti", tools/interpolation.py, which runs with 5 and 20). Scores become unknown. By frame,
 * then by id.
 */
export const interpolate = (rows: readonly MotRow[], nMin = 5, nDti = 20): MotRow[] =>
  [...Map.groupBy(rows, row => row.id).values()]
    .flatMap(track => {
      const ordered = track.toSorted((a, b) => a.frame - b.frame)
      return ordered.length > nMin
        ? ordered.flatMap((row, i) => [...bridge(ordered[i - 1], row, nDti), row])
        : ordered
    })
    .map(row => ({ ...row, score: null }))
    .sort((a, b) => a.frame - b.frame || a.id - b.id)

/** The rows strictly between two rows of one track. */
const bridge = (left: MotRow | undefined, right: MotRow, nDti: number): MotRow[] => {
  const gap = left ? right.frame - left.frame : 1
  if (!left || gap >= nDti) return []
  return Array.from({ length: gap - 1 }, (_, k) => {
    const at = (side: 0 | 1 | 2 | 3) => ((k + 1) * (right.box[side] - left.box[side])) / gap + left.box[side]
    return { ...left, frame: left.frame + k + 1, box: [at(0), at(1), at(2), at(3)] }
  })
}
