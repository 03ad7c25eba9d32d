import path from 'node:path'
import { frameTable, type Shape } from '../../events/clip.ts'
import type { Overlay, Results } from '../../tasks/define.ts'
import { inOrder } from '../shared/ahead.ts'
import { clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { presentSegments, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { readSegments } from '../shared/segments.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** Joins the rendered segments and the clip's sound to one video. */
export const joinOverlay = async (context: Context, work: Work, scratch: string): Promise<ResultFile> => {
  const { results } = context
  const { job, plan } = work
  const name = keys(job.id)
  const files = await Array.fromAsync(
    inOrder(presentSegments(work), async index => {
      const file = path.join(scratch, `overlay-${index}.nut`)
      await results.download(name.overlay(index), file)
      return file
    })
  )

  const sound = (await results.exists(name.sound)) ? path.join(scratch, 'sound.mka') : undefined
  if (sound) await results.download(name.sound, sound)
  const out = path.join(scratch, 'overlay.mp4')
  const media = await clipMedia(context, job)
  await media.join({ segments: files, sound, facts: plan.clip, out })
  return putResult(context, work, out, {
    name: 'overlay.mp4',
    format: 'Overlay video',
    contentType: 'video/mp4'
  })
}

/** Makes a picture of the frame with the most to see. */
export const drawPicture = async (
  context: Context,
  work: Work,
  overlay: Overlay,
  frames: Results['frames'],
  scratch: string
): Promise<ResultFile> => {
  const { results } = context
  const name = keys(work.job.id)
  const { index, shapes } = await busiestFrame(overlay, frames)
  const segments = await readSegments(context, work.job.id)
  const { index: segment, firstFrame } = segments.findLast(({ firstFrame }) => firstFrame <= index)!
  const table = await results.getJson(name.frames(segment), frameTable)
  const { offset, bytes } = table.frames[index - firstFrame]
  const picture = await results.getRange(name.pictures(segment), offset, offset + bytes)

  const out = path.join(scratch, 'picture.jpg')
  const media = await clipMedia(context, work.job)
  await media.still({ picture, table, shapes, facts: work.plan.clip, out })
  return putResult(context, work, out, { name: 'picture.jpg', format: 'Picture', contentType: 'image/jpeg' })
}

const busiestFrame = async ({ open }: Overlay, frames: Results['frames']) => {
  const shapesOf = open()
  let busiest: { index: number; shapes: Shape[] } | undefined
  for await (const { index, row } of frames()) {
    const shapes = shapesOf(row)
    if (!busiest || shapes.length > busiest.shapes.length) busiest = { index, shapes }
  }
  return busiest!
}
