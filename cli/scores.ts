import type { Scores } from '../eval/mot/index.ts'
import { sum } from '../eval/mot/sequence.ts'
import { formatTable } from './table.ts'

const mean = (values: number[]) => sum(values) / values.length

/** Per cent with five significant digits, as the official tool prints them. */
const percent = (fraction: number) => String(Number((100 * fraction).toPrecision(5)))

const columns: [name: string, value: (scores: Scores) => string][] = [
  ['HOTA', ({ HOTA }) => percent(mean(HOTA.HOTA))],
  ['DetA', ({ HOTA }) => percent(mean(HOTA.DetA))],
  ['AssA', ({ HOTA }) => percent(mean(HOTA.AssA))],
  ['LocA', ({ HOTA }) => percent(mean(HOTA.LocA))],
  ['MOTA', ({ CLEAR }) => percent(CLEAR.MOTA)],
  ['MOTP', ({ CLEAR }) => percent(CLEAR.MOTP)],
  ['IDF1', ({ Identity }) => percent(Identity.IDF1)],
  ['IDs', ({ CLEAR }) => String(CLEAR.IDSW)],
  ['Frag', ({ CLEAR }) => String(CLEAR.Frag)],
  ['MT', ({ CLEAR }) => String(CLEAR.MT)],
  ['ML', ({ CLEAR }) => String(CLEAR.ML)],
  ['FP', ({ CLEAR }) => String(CLEAR.CLR_FP)],
  ['FN', ({ CLEAR }) => String(CLEAR.CLR_FN)]
]

/** What benchmarks list, a line for each entry: rates in per cent, IDs = switches of identity. */
export const scoresTable = (rows: Record<string, Scores>): string =>
  formatTable(
    ['', ...columns.map(([name]) => name)],
    Object.entries(rows).map(([name, scores]) => [name, ...columns.map(([, value]) => value(scores))])
  )
