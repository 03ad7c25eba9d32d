import { z } from 'zod'
import { deviationOf, stepsForm } from '../../golden/index.ts'
import { interpolate } from '../interpolate.ts'
import { authorsText, count, differing } from './shared.ts'

const interpolationGolden = z.object({
  system: z.string(),
  rows: z.array(z.tuple([count, count]).rest(z.number())),
  cases: z.array(z.object({ n_min: z.number(), n_dti: z.number(), lines: z.array(z.string()) })).min(1)
})

function* checkInterpolation({ rows, cases }: z.infer<typeof interpolationGolden>) {
  const given = rows.map(([frame, id, x, y, w, h, score]) => ({
    frame: frame,
    id: id,
    box: [x, y, w, h] as const,
    score: score
  }))
  for (const { n_min, n_dti, lines } of cases) {
    const ours = interpolate(given, n_min, n_dti).map(r => authorsText(r.frame, r.id, r.box, '-1'))
    // The authors sort rows of one frame in no defined order.
    yield deviationOf(`n_min ${n_min}, n_dti ${n_dti}`, differing(ours.toSorted(), lines.toSorted()), 0)
  }
}

export const interpolationSteps = stepsForm(
  'mixsort',
  ['rows', 'cases'],
  interpolationGolden,
  checkInterpolation
)
