import path from 'node:path'
import { frameTable, type FrameTable, type Shape } from '../../events/clip.ts'
import type { Overlay, Results } from '../../tasks/define.ts'
import { inOrder } from '../shared/ahead.ts'
import { clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { presentSegments, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { readSegments } from '../shared/segments.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** Joins the rendered segments and the clip's sound to one video. */
export const joinVideo = async (
  context: Context,
  work: Work,
  { name: fileName, format }: { name: string; format: string },
  scratch: string
): Promise<ResultFile> => {
  const { results } = context
  const { job, plan } = work
  const name = keys(job.id)
  const files = await Array.fromAsync(
    inOrder(presentSegments(work), async index => {
      const file = path.join(scratch, `segment-${index}.nut`)
      await results.download(name.overlay(index), file)
      return file
    })
  )

  const sound = (await results.exists(name.sound)) ? path.join(scratch, 'sound.mka') : undefined
  if (sound) await results.download(name.sound, sound)
  const out = path.join(scratch, fileName)
  const media = await clipMedia(context, job)
  await media.join({ segments: files, sound, facts: plan.clip, out })
  return putResult(context, work, out, { name: fileName, format, contentType: 'video/mp4' })
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
  const row = table.frames[index - firstFrame]
  return putPicture(context, work, name.pictures(segment), { table, row, shapes }, scratch)
}

/** Takes a picture out of the middle of a video that was made. */
export const takePicture = async (
  context: Context,
  work: Work,
  stage: string,
  scratch: string
): Promise<ResultFile> => {
  const name = keys(work.job.id)
  const segments = presentSegments(work)
  const segment = segments[segments.length >> 1]
  const table = await context.results.getJson(name.madeTable(stage, segment), frameTable)
  const row = table.frames[table.frames.length >> 1]
  return putPicture(context, work, name.made(stage, segment), { table, row }, scratch)
}

const putPicture = async (
  context: Context,
  work: Work,
  key: string,
  { table, row, shapes = [] }: { table: FrameTable; row: FrameTable['frames'][number]; shapes?: Shape[] },
  scratch: string
) => {
  const picture = await context.results.getRange(key, row.offset, row.offset + row.bytes)
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
