import { z } from 'zod'
import { Fault, type FaultRecord } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'
import { taskNamed } from '../../tasks/index.ts'
import type { Context } from '../shared/context.ts'
import { about, readJob, readWork, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { scratchFolder } from '../shared/scratch.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { videoOf } from '../shared/video.ts'
import { failure, failureOf } from './failure.ts'
import { writeManifest } from './manifest.ts'
import { describeMissing } from './missing.ts'
import { writeOutputs } from './outputs.ts'
import type { ResultFile } from './result-file.ts'
import { collectRows } from './rows.ts'
import { drawPicture, joinVideo, takePicture } from './video.ts'

export const storeEvent = z.strictObject({
  job: z.string(),
  /** What stopped the chain, where it was stopped; with `segment`, what that segment was given up for. */
  failure: failure.optional(),
  segment: z.int().nonnegative().optional()
})

/**
 * Makes the results of a job: the formats, the video, a picture to look at, and last the manifest; then announces that
 * the job is done, wholly or in part. Told of a failure, it leaves an error object beside where the results would be and
 * announces that; told of a segment that was given up, it notes that, and the steps behind go on without.
 * Either way it answers with the fault.
 */
export const store = async (context: Context, { job: id, failure, segment }: z.infer<typeof storeEvent>) => {
  if (!failure) return finish(context, await readWork(context, id))
  const job = await readJob(context, id)
  const fault = failureOf(failure, taskNamed(job.task))
  if (segment === undefined) await fail(context, job, fault)
  else await context.results.putOnce(keys(id).missing(segment), JSON.stringify(fault), json)
  return fault
}

const json = { contentType: 'application/json' }

const fail = async (context: Context, job: Job, fault: FaultRecord) => {
  const error = JSON.stringify({ job: job.id, ...fault }, null, 2)
  await context.results.put(`${job.results}error.json`, error, json)
  await context.announce({ type: 'job.failed', ...about(context, job), fault })
}

const finish = async (context: Context, work: Work) => {
  const elapsed = stopwatch()
  const missing = await describeMissing(context, work)
  if (work.missing.size === work.plan.segments)
    throw Fault.from(missing[0].fault) ?? new Error('nothing is left')
  await using folder = await scratchFolder(context)
  const scratch = folder.path
  const video = videoOf(work)
  const { frames, repeated } = await collectRows(context, work, scratch)
  const files: ResultFile[] = await writeOutputs(context, work, frames, scratch)
  if (video)
    files.push(
      await joinVideo(context, work, video, scratch),
      'made' in video
        ? await takePicture(context, work, video.made.name, scratch)
        : await drawPicture(context, work, video.overlay, frames, scratch)
    )
  await keepTiming(context, work.job, 0, {
    step: 'store',
    seconds: elapsed(),
    frames: work.plan.clip.video.frames
  })
  const manifest = await writeManifest(context, work, files, { repeated, missing })
  const { missingAtEnd } = work.plan.clip.video
  const end = { ...about(context, work.job), manifest, ...(missingAtEnd > 0 && { missingAtEnd }) }
  await context.announce(
    missing.length > 0 ? { type: 'job.partial', ...end, missing } : { type: 'job.completed', ...end }
  )
}
