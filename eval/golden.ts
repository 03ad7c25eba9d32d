import type { GoldenForm } from '../models/golden/index.ts'
import { metricsMotGolden } from './mot/golden.ts'
import { metricsSotGolden } from './sot/golden.ts'
import { fidelityGolden, set5Golden } from './sr/golden.ts'
import { vfiGoldenForm } from './vfi/golden.ts'

/** Every form of golden file of a metric. */
export const evalGoldens: GoldenForm[] = [
  metricsMotGolden,
  metricsSotGolden,
  fidelityGolden,
  set5Golden(),
  vfiGoldenForm
]
