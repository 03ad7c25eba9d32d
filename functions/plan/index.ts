import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import type { ClipFacts } from '../../events/clip.ts'
import { plan as planSchema, type Plan } from '../../events/plan.ts'
import { pictureSize, planSegments } from '../../layers/media/index.ts'
import { taskNamed } from '../../tasks/index.ts'
import { clipFile, clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { about, readJob } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { limits } from '../shared/limits.ts'
import { keepTiming, stopwatch } from '../shared/once.ts'

/** Frames a segment: enough to be worth an invocation, few enough that one always ends within its time limit. */
const segmentFrames = { target: 60, max: 90 }

export const planEvent = z.strictObject({ job: z.string() })

/**
 * Looks at the clip, enforces the limits and cuts it into segments. Answers with the segments' numbers for the map that
 * comes next; all else goes into storage.
 * @throws Fault clip-unreadable and its kin, limit-exceeded
 */
export const plan = async (context: Context, { job: id }: z.infer<typeof planEvent>) => {
  const { results } = context
  const name = keys(id)
  const job = await readJob(context, id)
  if (await results.exists(name.plan)) return answer(await results.getJson(name.plan, planSchema))

  const elapsed = stopwatch()
  if (job.clip.bytes > limits.bytes) refuse(job.clip.key, 'bytes', job.clip.bytes, limits.bytes)
  const media = await clipMedia(context, job)
  const { facts, timeline } = await media.probe(await clipFile(context, job))
  check(job.clip.key, facts)

  const pictures = taskNamed(job.task).pictures(job.options)
  const segments = planSegments(timeline, segmentFrames)
  const made: Plan = {
    job: id,
    clip: facts,
    pictures: { ...pictures, ...pictureSize(facts, pictures.longSide) },
    segments: segments.length
  }
  // The plan last: where it stands, the segments do too.
  await results.putOnce(name.segments, segments.map(segment => `${JSON.stringify(segment)}\n`).join(''), {
    contentType: 'application/jsonl'
  })
  await results.putOnce(name.plan, JSON.stringify(made), { contentType: 'application/json' })
  await keepTiming(context, id, 0, { step: 'plan', seconds: elapsed(), frames: facts.video.frames })
  await context.announce({
    type: 'job.started',
    ...about(context, job),
    frames: facts.video.frames,
    segments: segments.length
  })
  return answer(made)
}

const answer = ({ job, segments }: Plan) => ({ job, segments })

const check = (clip: string, { video }: ClipFacts) => {
  if (video.frames > limits.frames) refuse(clip, 'frames', video.frames, limits.frames)
  const side = Math.max(video.width, video.height)
  if (side > limits.side) refuse(clip, 'pixels a side', side, limits.side)
}

const refuse = (clip: string, what: string, value: number, limit: number): never => {
  throw new Fault('limit-exceeded', { clip, what, value, limit })
}
