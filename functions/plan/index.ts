import { z } from 'zod'
import type { Job } from '../../events/job.ts'
import { plan as planSchema, type Plan } from '../../events/plan.ts'
import { taskNamed } from '../../tasks/index.ts'
import { estimate } from '../cost/estimate.ts'
import { clipFile, clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { about, readJob } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { checkBytes, checkClip, checkCost } from '../shared/limits.ts'
import { formatSegments } from '../shared/segments.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { layOut } from './layout.ts'

export const planEvent = z.strictObject({ job: z.string() })

/**
 * Looks at the clip, enforces the limits and cuts it into segments. Answers with their number for the map that comes
 * next; all else goes into storage.
 * @throws Fault clip-unreadable and its kin, limit-exceeded, options-invalid where they do not go with the clip
 */
export const plan = async (context: Context, { job: id }: z.infer<typeof planEvent>) => {
  const name = keys(id)
  const job = await readJob(context, id)
  const planned = await context.results.exists(name.plan)
  const made = planned ? await context.results.getJson(name.plan, planSchema) : await makePlan(context, job)
  const { frames } = made.clip.video
  // Also when the plan was there: who announced it may not have come to that.
  await context.announce({ type: 'job.started', ...about(context, job), frames, segments: made.segments })
  return { segments: made.segments }
}

const makePlan = async (context: Context, job: Job): Promise<Plan> => {
  const { results } = context
  const name = keys(job.id)
  const elapsed = stopwatch()
  checkBytes(job.name, job.clip.bytes)
  const media = await clipMedia(context, job)
  const probed = await media.probe(await clipFile(context, job))
  const clip = probed.facts
  checkClip(job.name, clip, context.limits, job.limits)

  const task = taskNamed(job.task)
  task.check?.(job.options, clip)
  const { pictures, segments } = layOut(task, job.options, probed)
  const work = { task, options: job.options, clip, pictures, segments: segments.length }
  const expected = context.cost && estimate(work, context.cost).dollars.total
  if (expected !== undefined) checkCost(job.name, expected, context.limits, job.limits)
  const made: Plan = {
    job: job.id,
    clip,
    pictures,
    segments: segments.length,
    ...(expected !== undefined && { estimate: expected })
  }
  // The plan last: where it stands, the segments do too.
  await results.putOnce(name.segments, formatSegments(segments), { contentType: 'application/jsonl' })
  await results.putOnce(name.plan, JSON.stringify(made), { contentType: 'application/json' })
  await keepTiming(context, job, 0, { step: 'plan', seconds: elapsed(), frames: clip.video.frames })
  return made
}
