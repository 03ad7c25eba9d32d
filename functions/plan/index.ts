import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import type { ClipFacts } from '../../events/clip.ts'
import type { Job } from '../../events/job.ts'
import { plan as planSchema, type Plan } from '../../events/plan.ts'
import { pictureSize, planSegments } from '../../layers/media/index.ts'
import { taskNamed } from '../../tasks/index.ts'
import { clipFile, clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { about, readJob } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { limits } from '../shared/limits.ts'
import { formatSegments } from '../shared/segments.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'

/** Frames a segment: enough to be worth an invocation, few enough that one always ends within its time limit. */
const segmentFrames = { target: 60, max: 90 }

export const planEvent = z.strictObject({ job: z.string() })

/**
 * Looks at the clip, enforces the limits and cuts it into segments. Answers with their number for the map that comes
 * next; all else goes into storage.
 * @throws Fault clip-unreadable and its kin, limit-exceeded
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
  if (job.clip.bytes > limits.bytes) refuse(job, 'bytes', job.clip.bytes, limits.bytes)
  const media = await clipMedia(context, job)
  const { facts, timeline } = await media.probe(await clipFile(context, job))
  check(job, facts)

  const pictures = taskNamed(job.task).pictures(job.options)
  const segments = planSegments(timeline, segmentFrames)
  const made: Plan = {
    job: job.id,
    clip: facts,
    pictures: { ...pictures, ...pictureSize(facts, pictures.longSide) },
    segments: segments.length
  }
  // The plan last: where it stands, the segments do too.
  await results.putOnce(name.segments, formatSegments(segments), { contentType: 'application/jsonl' })
  await results.putOnce(name.plan, JSON.stringify(made), { contentType: 'application/json' })
  await keepTiming(context, job.id, 0, { step: 'plan', seconds: elapsed(), frames: facts.video.frames })
  return made
}

const check = (job: Job, { video }: ClipFacts) => {
  if (video.frames > limits.frames) refuse(job, 'frames', video.frames, limits.frames)
  const side = Math.max(video.width, video.height)
  if (side > limits.side) refuse(job, 'pixels a side', side, limits.side)
}

const refuse = ({ name }: Job, what: string, value: number, limit: number): never => {
  throw new Fault('limit-exceeded', { clip: name, what, value, limit })
}
