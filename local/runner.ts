import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault, isFault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { chain, ending, retry, segmentFaults, type Call } from '../functions/chain.ts'
import { taskNamed } from '../tasks/index.ts'
import type { Workers } from './workers.ts'

const planned = z.object({ segments: z.int().positive() })
const stopped = z.object({ done: z.boolean() })

/**
 * Walks the chain for one job. It keeps no state: a function whose work stands in storage answers at once, so walking it
 * again from the start goes on where a former run was cut off.
 * @param parallel segments that are worked on at a time
 * @throws Fault what ended the job; `store` has been told of it by then
 */
export const runJob = async (
  job: Job,
  workers: Workers,
  { parallel, signal }: { parallel: number; signal: AbortSignal }
) => {
  const call = ({ function: name, stage, timeoutSeconds }: Call, more: object = {}) =>
    withRetries(
      () => workers.invoke(name, { job: job.id, ...(stage && { stage }), ...more }, timeoutSeconds, signal),
      signal
    )
  try {
    let segments = 0
    for (const step of chain(taskNamed(job.task))) {
      signal.throwIfAborted()
      if (step.kind === 'call') {
        const answer = await call(step.call)
        if (step.call.function === 'plan') segments = planned.parse(answer).segments
      } else if (step.kind === 'each')
        await sideBySide(segments, parallel, async segment => {
          try {
            for (const one of step.calls) await call(one, { segment })
          } catch (error) {
            if (signal.aborted || !isFault(error) || !segmentFaults.includes(error.code)) throw error
            await call(ending, { segment, failure: error.toJSON() })
          }
        })
      else while (!stopped.parse(await call(step.call)).done) signal.throwIfAborted()
    }
  } catch (error) {
    if (signal.aborted) throw error
    const fault = Fault.of(error)
    // Where even this fails, e.g. on a full disk, the first failure is still the one to tell of.
    await call(ending, { failure: fault.toJSON() }).catch(() => undefined)
    throw fault
  }
}

/** Tries again, with growing pauses, what may go well another time. */
export const withRetries = async <T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await run()
    } catch (error) {
      if (signal.aborted || !isFault(error) || error.retry !== 'now' || attempt >= retry.attempts) throw error
      const seconds = Math.min(
        retry.maxDelaySeconds,
        retry.firstDelaySeconds * retry.backoffRate ** (attempt - 1)
      )
      await sleep(seconds * 1000, undefined, { signal })
    }
  }
}

/** Handles 0..count-1, at most `parallel` at a time; after a failure nothing more is begun, and what runs comes to its end. */
const sideBySide = async (count: number, parallel: number, handle: (index: number) => Promise<void>) => {
  const failures: unknown[] = []
  let next = 0
  const lane = async () => {
    while (next < count && failures.length === 0) {
      try {
        await handle(next++)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, parallel) }, lane))
  if (failures.length > 0) throw failures[0]
}
