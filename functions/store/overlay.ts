import path from 'node:path'
import type { Shape } from '../../events/clip.ts'
import { openMedia } from '../../layers/media/index.ts'
import type { Overlay } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import { about, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { readSegmentRows } from './outputs.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** The next segment is begun only if this much time is left: twice what a slow one takes. */
const marginMilliseconds = 120_000

/**
 * Renders every segment that is not rendered yet, each into an object of its own. Answers false where the time would not
 * suffice for the rest.
 */
export const renderOverlay = async (
  context: Context,
  work: Work,
  overlay: Overlay,
  scratch: string
): Promise<boolean> => {
  const { results } = context
  const { job, plan } = work
  const name = keys(job.id)
  await using media = openMedia()
  const shapesOf = overlay()
  let rendered = 0
  for (const { index } of work.segments) {
    const { table, rows } = await readSegmentRows(context, work, index)
    // Also for a segment that is rendered already: the overlay remembers what came before.
    const shapes = rows.map(({ row }) => shapesOf(row))
    if (await results.exists(name.overlay(index))) continue
    if (rendered++ > 0 && context.remaining() < marginMilliseconds) return false
    const pictures = path.join(scratch, 'pictures.bin')
    const out = path.join(scratch, 'overlay.mkv')
    await results.download(name.pictures(index), pictures)
    await media.render({
      pictures,
      table,
      shapes,
      facts: plan.clip,
      out,
      onFrames: frames =>
        void context.announce({
          type: 'job.progress',
          ...about(context, job),
          step: 'store',
          segment: index,
          frames
        })
    })
    await results.uploadFile(name.overlay(index), out, { contentType: 'video/x-matroska', once: true })
  }
  return true
}

/** Joins the rendered segments and the clip's sound to one video, and picks the picture with the most to see. */
export const joinOverlay = async (
  context: Context,
  work: Work,
  overlay: Overlay,
  scratch: string
): Promise<ResultFile[]> => {
  const { results } = context
  const { job, plan } = work
  const name = keys(job.id)
  await using media = openMedia()

  const segments: string[] = []
  for (const { index } of work.segments) {
    const file = path.join(scratch, `overlay-${index}.mkv`)
    await results.download(name.overlay(index), file)
    segments.push(file)
  }
  const sound = plan.clip.audio && path.join(scratch, 'sound.mka')
  if (sound) await results.download(name.sound, sound)
  const video = path.join(scratch, 'overlay.mp4')
  await media.join({ segments, sound, facts: plan.clip, out: video })

  const still = path.join(scratch, 'picture.jpg')
  const { table, frame, shapes } = await busiestFrame(context, work, overlay)
  const picture = await results.getRange(
    name.pictures(table.segment),
    frame.offset,
    frame.offset + frame.bytes
  )
  await media.still({ picture, table, shapes, facts: plan.clip, out: still })
  return [
    await putResult(context, work, video, {
      name: 'overlay.mp4',
      format: 'Overlay video',
      contentType: 'video/mp4'
    }),
    await putResult(context, work, still, {
      name: 'picture.jpg',
      format: 'Picture',
      contentType: 'image/jpeg'
    })
  ]
}

const busiestFrame = async (context: Context, work: Work, overlay: Overlay) => {
  const shapesOf = overlay()
  let most = -1
  let busiest: Pick<Awaited<ReturnType<typeof readSegmentRows>>, 'table'> & {
    position: number
    shapes: Shape[]
  }
  for (const { index } of work.segments) {
    const { table, rows } = await readSegmentRows(context, work, index)
    for (const [position, { row }] of rows.entries()) {
      const shapes = shapesOf(row)
      if (shapes.length > most) {
        most = shapes.length
        busiest = { table, position, shapes }
      }
    }
  }
  const { table, position, shapes } = busiest!
  return { table, frame: table.frames[position], shapes }
}
