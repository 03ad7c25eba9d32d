import { z } from 'zod'
import type { Job } from '../../events/job.ts'
import type { Context } from './context.ts'
import { keys } from './keys.ts'

/** What one invocation took; kept beside its work for the manifest. */
export const timing = z.strictObject({
  step: z.string(),
  seconds: z.number(),
  frames: z.int(),
  modelSeconds: z.number().optional()
})
export type Timing = z.infer<typeof timing>

/**
 * Writes down what an invocation took. A retry that finds the first figure leaves it.
 * @param skipped frames of the segment that an invocation before had done
 */
export const keepTiming = async (
  { results, measure }: Context,
  { id, task }: Job,
  segment: number,
  entry: Timing,
  skipped = 0
) => {
  measure({ task, ...entry })
  await results.putOnce(keys(id).timing(entry.step, segment, skipped), JSON.stringify(entry), {
    contentType: 'application/json'
  })
}

export const stopwatch = () => {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
