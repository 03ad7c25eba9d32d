import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { clipFile, clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { about, readWork } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { keepTiming, stopwatch } from '../shared/once.ts'

export const decodeEvent = z.strictObject({ job: z.string(), segment: z.int().nonnegative() })

/**
 * Turns one segment of the clip into a row of still pictures with a frame table; with the first segment also the sound
 * is put aside for results that keep it.
 * @throws Fault clip-damaged and its kin
 */
export const decode = async (context: Context, { job: id, segment: index }: z.infer<typeof decodeEvent>) => {
  const { results } = context
  const name = keys(id)
  // The frame table is written last: where it stands, the segment is done.
  if (await results.exists(name.frames(index))) return
  const elapsed = stopwatch()
  const { job, plan, segments } = await readWork(context, id)
  const file = await clipFile(context, job)
  const media = await clipMedia(context, job)
  const scratch = await mkdtemp(path.join(context.scratch, 'decode-'))
  try {
    if (index === 0 && plan.clip.audio) {
      const sound = path.join(scratch, 'sound.mka')
      await media.sound(file, sound)
      await results.uploadFile(name.sound, sound, { contentType: 'audio/x-matroska', once: true })
    }
    const pictures = path.join(scratch, 'pictures.bin')
    const table = await media.decode(file, segments[index], plan.clip, {
      format: plan.pictures.format,
      longSide: plan.pictures.longSide,
      out: pictures,
      onFrames: frames =>
        void context.announce({
          type: 'job.progress',
          ...about(context, job),
          step: 'decode',
          segment: index,
          frames
        })
    })
    await results.uploadFile(name.pictures(index), pictures, {
      contentType: 'application/octet-stream',
      once: true
    })
    await results.putOnce(name.frames(index), JSON.stringify(table), { contentType: 'application/json' })
    await keepTiming(context, id, index, { step: 'decode', seconds: elapsed(), frames: table.frames.length })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
