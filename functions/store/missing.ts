import { faultRecord, type MissingFrames } from '../../events/announcement.ts'
import { inOrder } from '../shared/ahead.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { readSegment } from '../shared/segments.ts'

/**
 * Which frames the given-up segments hold, and why they were given up. Neighbours that were given up for the same kind of
 * fault are one run, with the fault of the first.
 */
export const describeMissing = async (context: Context, { job, missing }: Work) => {
  const read = async (index: number) => {
    const segment = await readSegment(context, job.id, index)
    const fault = await context.results.getJson(keys(job.id).missing(index), faultRecord)
    return { segment, fault }
  }
  const runs: MissingFrames[] = []
  for await (const { segment, fault } of inOrder(missing, read)) {
    const [first, last] = [segment.firstFrame, segment.firstFrame + segment.frames - 1]
    const before = runs.at(-1)
    if (before?.last === first - 1 && before.fault.code === fault.code) before.last = last
    else runs.push({ first, last, fault })
  }
  return runs
}
