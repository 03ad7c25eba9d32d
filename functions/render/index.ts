import path from 'node:path'
import { z } from 'zod'
import { frameTable, type Segment } from '../../events/clip.ts'
import type { Overlay } from '../../tasks/define.ts'
import { clipMedia } from '../shared/clip.ts'
import type { Context } from '../shared/context.ts'
import { readSegmentRows, readWork, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { progressOf } from '../shared/progress.ts'
import { scratchFolder } from '../shared/scratch.ts'
import { readSegment } from '../shared/segments.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { videoOf } from '../shared/video.ts'

export const renderEvent = z.strictObject({ job: z.string(), segment: z.int().nonnegative() })

/** Encodes one segment of the video that is among the results, so that `store` need only join; draws its overlay first. */
export const render = async (context: Context, { job: id, segment: index }: z.infer<typeof renderEvent>) => {
  const { results } = context
  const name = keys(id)
  if (await results.exists(name.overlay(index))) return
  const elapsed = stopwatch()
  const work = await readWork(context, id)
  const video = videoOf(work)
  if (!video || work.missing.has(index)) return

  const segment = await readSegment(context, id, index)
  const { key, ...drawn } =
    'made' in video
      ? await madeSegment(context, id, video.made.name, index)
      : await drawSegment(context, work, video.overlay, segment)
  await using folder = await scratchFolder(context)
  const scratch = folder.path
  const [pictures, out] = [path.join(scratch, 'pictures.bin'), path.join(scratch, 'overlay.nut')]
  await results.download(key, pictures)
  const media = await clipMedia(context, work.job)
  await media.render({
    pictures,
    ...drawn,
    facts: work.plan.clip,
    out,
    onFrames: progressOf(context, work.job, 'render', segment)
  })
  await results.uploadFile(name.overlay(index), out, { contentType: 'video/x-nut', once: true })
  await keepTiming(context, work.job, index, {
    step: 'render',
    seconds: elapsed(),
    frames: drawn.table.frames.length
  })
}

/** The shapes on each frame of a segment; what the overlay remembers of the frames before is gone through first. */
const drawSegment = async (context: Context, work: Work, { memory, open }: Overlay, segment: Segment) => {
  let first = segment
  while (first.index > 0 && first.firstFrame > segment.firstFrame - memory)
    first = await readSegment(context, work.job.id, first.index - 1)
  const shapesOf = open()
  for (let before = first.index; before < segment.index; before++) {
    if (work.missing.has(before)) continue
    for (const { row } of (await readSegmentRows(context, work, before)).rows) shapesOf(row)
  }
  const { table, rows } = await readSegmentRows(context, work, segment.index)
  const key = keys(work.job.id).pictures(segment.index)
  return { key, table, shapes: rows.map(({ row }) => shapesOf(row)) }
}

/** Pictures that are the result itself. */
const madeSegment = async ({ results }: Context, job: string, stage: string, segment: number) => {
  const name = keys(job)
  const table = await results.getJson(name.madeTable(stage, segment), frameTable)
  return { key: name.made(stage, segment), table, fine: true }
}
