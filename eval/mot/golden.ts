import { z } from 'zod'
import { deviationOf, filled, stepsForm, worst, type GoldenForm } from '../../models/golden/index.ts'
import { combine, evaluate, type Scores } from './index.ts'
import { preprocess } from './preprocess.ts'
import { parseResults, parseTruth } from './text.ts'

/** Golden values have twelve digits. */
const tolerance = 5e-12

const rows = z.array(z.array(z.number()).min(8))
const fields = filled(z.union([z.number(), z.array(z.number())]))

const metricsGolden = z.object({
  system: z.string(),
  sequences: filled(z.object({ frames: z.int().positive(), gt: rows, tracker: rows })),
  cases: z
    .array(
      z.object({
        benchmark: z.string(),
        do_preproc: z.boolean(),
        results: filled(z.object({ HOTA: fields, CLEAR: fields, Identity: fields, Count: fields }).partial())
      })
    )
    .min(1)
})

const combined = 'COMBINED_SEQ'

function* check({ sequences, cases }: z.infer<typeof metricsGolden>) {
  const text = (table: number[][]) => table.map(row => row.join(',')).join('\n')
  for (const { benchmark, do_preproc, results } of cases) {
    const scores: Record<string, Scores> = Object.fromEntries(
      Object.entries(sequences).map(([name, { gt, tracker, frames }]) => {
        const truth = parseTruth(text(gt), name, frames)
        const found = parseResults(text(tracker), name, frames)
        return [name, evaluate(preprocess(truth, found, { benchmark, preprocess: do_preproc }))]
      })
    )
    scores[combined] = combine(Object.values(scores))
    for (const [name, metrics] of Object.entries(results))
      for (const [metric, golden] of Object.entries(metrics)) {
        const ours: Record<string, unknown> = scores[name]?.[metric as keyof Scores] ?? {}
        const names = Object.keys(golden)
        yield deviationOf(
          [benchmark, !do_preproc && 'as it is', name, metric].filter(Boolean).join(' '),
          worst(
            names.map(field => ours[field]),
            names.map(field => golden[field])
          ),
          tolerance
        )
      }
  }
}

/** The form of golden files of these metrics: all fields, by sequence and combined. */
export const metricsMotGolden: GoldenForm = stepsForm(
  'metrics-mot',
  ['sequences', 'cases'],
  metricsGolden,
  check
)
