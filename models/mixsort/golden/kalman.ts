import { z } from 'zod'
import { deviationOf, stepsForm, worst } from '../../golden/index.ts'
import * as kalman from '../kalman.ts'
import { exact, four, full, noOc, row, skipped, table } from './shared.ts'

const kalmanGolden = z.object({
  system: z.string(),
  byte: z
    .array(
      z.discriminatedUnion('op', [
        z.object({ op: z.enum(['initiate', 'update']), z: four, mean: row, cov: table }),
        z.object({ op: z.enum(['predict', 'project']), mean: row, cov: table }),
        z.object({ op: z.literal('gating') })
      ])
    )
    .min(1)
})

function* checkKalman({ byte }: z.infer<typeof kalmanGolden>) {
  let state = kalman.initiate([0, 0, 1, 1])
  for (const [i, golden] of byte.entries()) {
    const name = `byte ${i} ${golden.op}`
    if (golden.op === 'gating') {
      yield skipped(name, 'the tracker does not use the gating distance')
      continue
    }
    if (golden.op === 'initiate') state = kalman.initiate(golden.z)
    if (golden.op === 'update') state = kalman.update(state, golden.z)
    if (golden.op === 'predict') state = kalman.predict(state)
    const { mean, variance } = kalman.project(state)
    const ours =
      golden.op === 'project'
        ? [mean, variance.map((v, r) => variance.map((_, c) => (r === c ? v : 0)))]
        : [state.mean, full(state.covariance)]
    yield deviationOf(name, worst(ours, [golden.mean, golden.cov]), exact)
  }
  yield skipped('oc', noOc)
}

export const kalmanSteps = stepsForm('mixsort', ['byte', 'chi2inv95'], kalmanGolden, checkKalman)
