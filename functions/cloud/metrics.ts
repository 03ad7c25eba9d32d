import { MetricUnit, type Metrics } from '@aws-lambda-powertools/metrics'
import type { Context } from '../shared/context.ts'

/** Tells CloudWatch what a step took, by task and step; never by job, since each job would be metrics of its own. */
export const measureStep =
  (metrics: Metrics): Context['measure'] =>
  ({ task, step, seconds, frames, modelSeconds }) => {
    metrics.addDimensions({ task, step })
    metrics.addMetric('frames', MetricUnit.Count, frames)
    metrics.addMetric('seconds', MetricUnit.Seconds, seconds)
    if (modelSeconds !== undefined) metrics.addMetric('modelSeconds', MetricUnit.Seconds, modelSeconds)
    // At once: a fold measures several segments in one invocation.
    metrics.publishStoredMetrics()
  }
