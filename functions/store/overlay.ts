import path from 'node:path'
import type { FrameTable, Shape } from '../../events/clip.ts'
import type { Overlay } from '../../tasks/define.ts'
import { clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { readSegmentRows, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** Joins the rendered segments and the clip's sound to one video. */
export const joinOverlay = async (context: Context, work: Work, scratch: string): Promise<ResultFile> => {
  const { results } = context
  const { job, plan } = work
  const name = keys(job.id)
  const segments: string[] = []
  for (const { index } of work.segments) {
    const file = path.join(scratch, `overlay-${index}.nut`)
    await results.download(name.overlay(index), file)
    segments.push(file)
  }
  const sound = plan.clip.audio && path.join(scratch, 'sound.mka')
  if (sound) await results.download(name.sound, sound)
  const out = path.join(scratch, 'overlay.mp4')
  const media = await clipMedia(context, job)
  await media.join({ segments, sound, facts: plan.clip, out })
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
  scratch: string
): Promise<ResultFile> => {
  const { table, position, shapes } = await busiestFrame(context, work, overlay)
  const { offset, bytes } = table.frames[position]
  const pictures = keys(work.job.id).pictures(table.segment)
  const picture = await context.results.getRange(pictures, offset, offset + bytes)
  const out = path.join(scratch, 'picture.jpg')
  const media = await clipMedia(context, work.job)
  await media.still({ picture, table, shapes, facts: work.plan.clip, out })
  return putResult(context, work, out, { name: 'picture.jpg', format: 'Picture', contentType: 'image/jpeg' })
}

const busiestFrame = async (context: Context, work: Work, { open }: Overlay) => {
  const shapesOf = open()
  let busiest: { table: FrameTable; position: number; shapes: Shape[] } | undefined
  for (const { index } of work.segments) {
    const { table, rows } = await readSegmentRows(context, work, index)
    for (const [position, { row }] of rows.entries()) {
      const shapes = shapesOf(row)
      if (shapes.length > (busiest?.shapes.length ?? -1)) busiest = { table, position, shapes }
    }
  }
  return busiest!
}
