import type { Job } from '../../events/job.ts'
import type { Context } from './context.ts'
import { about } from './job.ts'

const everyMilliseconds = 100

/**
 * Tells how many of a segment's frames a step has done: now and then, and at the last one. Progress is a courtesy: where
 * it cannot be announced, the work goes on.
 */
export const progressOf = (
  context: Context,
  job: Job,
  step: string,
  segment: { index: number; frames: number }
) => {
  let toldAt = -Infinity
  return (frames: number) => {
    const now = performance.now()
    if (frames < segment.frames && now - toldAt < everyMilliseconds) return
    toldAt = now
    context
      .announce({ type: 'job.progress', ...about(context, job), step, segment: segment.index, frames })
      .catch(() => undefined)
  }
}
