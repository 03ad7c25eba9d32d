import { open } from 'node:fs/promises'
import path from 'node:path'
import type { FrameTable, Segment } from '../../events/clip.ts'
import { encodePicture } from '../../layers/inference/picture.ts'
import type { Frame, PictureStage } from '../../tasks/define.ts'
import { keys } from '../shared/keys.ts'
import { progressOf } from '../shared/progress.ts'
import { scratchFolder } from '../shared/scratch.ts'
import { readFrames } from './frames.ts'
import { startTiming, writeRows, type Pass } from './pass.ts'

/** Makes one segment's part of a video: a file of PNG pictures, its table, and a row for each frame that it was made of. */
export const makePictures = async (pass: Pass<PictureStage>, segment: Segment) => {
  const { context, work, stage, stageContext } = pass
  const { results } = context
  const name = keys(work.job.id)
  const keep = startTiming(pass, segment)
  const tell = progressOf(context, work.job, stage.name, segment)
  const make = stage.open(stageContext)
  await using folder = await scratchFolder(context)
  const file = path.join(folder.path, 'made.bin')
  const frames: FrameTable['frames'] = []
  const rows: unknown[] = []
  {
    await using out = await open(file, 'w')
    let offset = 0
    for await (const [frame, next] of pairs(pass, segment)) {
      const { row, pictures } = await make(frame, next)
      for (const { pts, picture } of pictures) {
        const bytes = await encodePicture(picture)
        await out.write(bytes)
        frames.push({ index: frames.length, pts, offset, bytes: bytes.length })
        offset += bytes.length
      }
      rows.push(row)
      tell(rows.length)
    }
  }
  const made = stage.made(stageContext.options, stageContext.clip)
  const table: FrameTable = { segment: segment.index, format: 'png', ...made, frames }
  const contentType = 'application/octet-stream'
  await results.uploadFile(name.made(stage.name, segment.index), file, { contentType, once: true })
  await results.putOnce(name.madeTable(stage.name, segment.index), JSON.stringify(table), {
    contentType: 'application/json'
  })
  await writeRows(pass, segment, rows)
  await keep(rows.length)
}

/** Each frame of the segment with the one behind it, which the last one has from the next segment, if that is there. */
async function* pairs(
  pass: Pass<PictureStage>,
  segment: Segment
): AsyncGenerator<[Frame, Frame | undefined]> {
  let before: Frame | undefined
  for await (const frame of readFrames(pass, segment)) {
    if (before) yield [before, frame]
    before = frame
  }
  if (!before) return
  const { plan, missing } = pass.work
  const index = segment.index + 1
  const isThere = index < plan.segments && !missing.has(index)
  yield [before, isThere ? await firstOf(readFrames(pass, { ...segment, index })) : undefined]
}

const firstOf = async <T>(items: AsyncIterable<T>): Promise<T | undefined> => {
  for await (const item of items) return item
  return undefined
}
