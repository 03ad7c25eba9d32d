import type { Scores } from '../eval/mot/index.ts'
import { sum } from '../eval/mot/sequence.ts'
import type { SotScores } from '../eval/sot/index.ts'
import { formatTable } from './table.ts'

const mean = (values: number[]) => sum(values) / values.length

/** Five significant digits, as the official tool prints them. */
const figure = (value: number) => String(Number(value.toPrecision(5)))
const percent = (fraction: number) => figure(100 * fraction)

type Columns<S> = [name: string, value: (scores: S) => string][]

const columns: Columns<Scores> = [
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

/** Success, precision and overlap by PyTracking's analysis, AO and success rates by GOT-10k's toolkit. */
const followedColumns: Columns<SotScores> = [
  ['AUC', ({ pytracking }) => figure(pytracking.AUC)],
  ['P', ({ pytracking }) => figure(pytracking.precision)],
  ['Pnorm', ({ pytracking }) => figure(pytracking.norm_precision)],
  ['OP50', ({ pytracking }) => figure(pytracking.OP50)],
  ['OP75', ({ pytracking }) => figure(pytracking.OP75)],
  ['AO', ({ got10k }) => percent(got10k.ao)],
  ['SR50', ({ got10k }) => percent(got10k.sr50)],
  ['SR75', ({ got10k }) => percent(got10k.sr75)]
]

const tableOf = <S>(columns: Columns<S>, rows: Record<string, S>) =>
  formatTable(
    ['', ...columns.map(([name]) => name)],
    Object.entries(rows).map(([name, scores]) => [name, ...columns.map(([, value]) => value(scores))])
  )

/** What benchmarks list, a line for each entry: rates in per cent, IDs = switches of identity. */
export const scoresTable = (rows: Record<string, Scores>): string => tableOf(columns, rows)

/** What benchmarks of following one thing list, a line for each entry, in per cent. */
export const followedTable = (rows: Record<string, SotScores>): string => tableOf(followedColumns, rows)
