import type { ClipFacts, FrameTable, Segment } from '../../events/clip.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { formatSegments } from '../../functions/shared/segments.ts'
import { makeWorld } from './world.ts'

export const json = { contentType: 'application/json' }
const timeBase = { num: 1, den: 10 }
const size = { width: 320, height: 240 }

/** What probing finds of a clip of ten frames a second. */
export const clipOf = (frames: number): ClipFacts => ({
  container: 'mov',
  bytes: 4,
  video: {
    codec: 'h264',
    ...size,
    rotation: 0,
    timeBase,
    frames,
    missingAtEnd: 0,
    start: 0,
    end: frames,
    frameRate: { num: 10, den: 1 },
    variable: false,
    colour: { space: 'unknown', primaries: 'unknown', transfer: 'unknown', range: 'limited' }
  }
})

/** A world in which plan and decode have run for a clip of 12 frames in three segments. @param pictures of each frame, or one byte */
export const afterDecoding = async (
  task: string,
  options: Record<string, unknown>,
  pictures?: (frame: number) => Promise<Uint8Array>
) => {
  const world = await makeWorld()
  const { results } = world.context
  const clip = { bucket: 'uploads', key: 'clips/a.mp4', bytes: 4, etag: 'abcd' }
  const job = makeJob({ clip, name: 'a.mp4', task, options }, () => 'digest')
  const name = keys(job.id)
  const plan = {
    job: job.id,
    clip: clipOf(12),
    pictures: { format: 'jpeg', longSide: 1920, ...size },
    segments: 3
  }
  const segments = [0, 1, 2].map((index): Segment => ({
    index,
    firstFrame: 4 * index,
    frames: 4,
    from: 4 * index,
    entry: 0
  }))
  await results.put(name.job, JSON.stringify(job), json)
  await results.put(name.plan, JSON.stringify(plan), json)
  await results.put(name.segments, formatSegments(segments), json)
  for (const { index: segment, firstFrame } of segments) {
    const frames: FrameTable['frames'] = []
    const content: Uint8Array[] = []
    for (let index = firstFrame, offset = 0; index < firstFrame + 4; index++) {
      const picture = pictures ? await pictures(index) : new Uint8Array(1)
      frames.push({ index, pts: index, offset, bytes: picture.length })
      content.push(picture)
      offset += picture.length
    }
    await results.put(
      name.frames(segment),
      JSON.stringify({ segment, format: 'jpeg', ...size, timeBase, frames }),
      json
    )
    await results.put(name.pictures(segment), Buffer.concat(content), { contentType: 'image/jpeg' })
  }
  const rowsOf = (stage: string) =>
    Promise.all(
      segments.map(async ({ index }) => new TextDecoder().decode(await results.get(name.rows(stage, index))))
    )
  return { ...world, job, name, segments, rowsOf }
}
