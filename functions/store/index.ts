import { z } from 'zod'
import { faultRecord } from '../../events/announcement.ts'
import type { Context } from '../shared/context.ts'
import { about, readJob, readWork } from '../shared/job.ts'
import { scratchFolder } from '../shared/scratch.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { writeManifest } from './manifest.ts'
import { writeOutputs } from './outputs.ts'
import { drawPicture, joinOverlay } from './overlay.ts'
import type { ResultFile } from './result-file.ts'
import { collectRows } from './rows.ts'

export const storeEvent = z.strictObject({
  job: z.string(),
  /** What stopped the chain, where it was stopped. */
  failure: faultRecord.optional()
})

/**
 * Makes the results of a job: the formats, the overlay, a picture to look at, and last the manifest; then announces that
 * the job is done. Told of a failure, it leaves an error object beside where the results would be and announces that.
 */
export const store = async (context: Context, { job: id, failure }: z.infer<typeof storeEvent>) => {
  if (failure) {
    const job = await readJob(context, id)
    await context.results.put(`${job.results}error.json`, JSON.stringify({ job: id, ...failure }, null, 2), {
      contentType: 'application/json'
    })
    return context.announce({ type: 'job.failed', ...about(context, job), fault: failure })
  }

  const elapsed = stopwatch()
  const work = await readWork(context, id)
  await using folder = await scratchFolder(context)
  const scratch = folder.path
  const overlay = work.task.overlay(work.job.options)
  const { frames, repeated } = await collectRows(context, work, scratch)
  const files: ResultFile[] = await writeOutputs(context, work, frames, scratch)
  if (overlay)
    files.push(
      await joinOverlay(context, work, scratch),
      await drawPicture(context, work, overlay, frames, scratch)
    )
  await keepTiming(context, id, 0, {
    step: 'store',
    seconds: elapsed(),
    frames: work.plan.clip.video.frames
  })
  const manifest = await writeManifest(context, work, files, repeated)
  await context.announce({ type: 'job.completed', ...about(context, work.job), manifest })
}
