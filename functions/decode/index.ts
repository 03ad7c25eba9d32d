import path from 'node:path'
import { z } from 'zod'
import { clipFile, clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { readWork, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { progressOf } from '../shared/progress.ts'
import { scratchFolder } from '../shared/scratch.ts'
import { readSegment } from '../shared/segments.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { videoOf } from '../shared/video.ts'

export const decodeEvent = z.strictObject({ job: z.string(), segment: z.int().nonnegative() })

/**
 * Turns one segment of the clip into a row of still pictures with a frame table; with the first segment also the sound
 * is put aside, for a video that keeps it.
 * @throws Fault clip-damaged and its kin
 */
export const decode = async (context: Context, { job: id, segment: index }: z.infer<typeof decodeEvent>) => {
  const { results } = context
  const name = keys(id)
  // The frame table is written last: where it stands, the segment is done.
  if (await results.exists(name.frames(index))) return
  const elapsed = stopwatch()
  const work = await readWork(context, id)
  if (work.missing.has(index)) return
  const { job, plan } = work
  const segment = await readSegment(context, id, index)
  const file = await clipFile(context, job)
  const media = await clipMedia(context, job)
  await using folder = await scratchFolder(context)
  const scratch = folder.path
  if (index === 0) await putSoundAside(context, work, path.join(scratch, 'sound.mka'))
  const pictures = path.join(scratch, 'pictures.bin')
  const table = await media.decode(file, segment, plan.clip, {
    format: plan.pictures.format,
    longSide: plan.pictures.longSide,
    out: pictures,
    onFrames: progressOf(context, job, 'decode', segment)
  })
  await results.uploadFile(name.pictures(index), pictures, {
    contentType: 'application/octet-stream',
    once: true
  })
  await results.putOnce(name.frames(index), JSON.stringify(table), { contentType: 'application/json' })
  await keepTiming(context, job, index, { step: 'decode', seconds: elapsed(), frames: table.frames.length })
}

const putSoundAside = async (context: Context, work: Work, out: string) => {
  if (!videoOf(work)) return
  const { job } = work
  const media = await clipMedia(context, job)
  if (!(await media.sound(await clipFile(context, job), out))) return
  await context.results.uploadFile(keys(job.id).sound, out, { contentType: 'audio/x-matroska', once: true })
}
