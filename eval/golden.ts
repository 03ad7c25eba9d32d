import type { GoldenForm } from '../models/golden/index.ts'
import { metricsMotGolden } from './mot/golden.ts'
import { metricsSotGolden } from './sot/golden.ts'

/** Every form of golden file of a metric. */
export const evalGoldens: GoldenForm[] = [metricsMotGolden, metricsSotGolden]
