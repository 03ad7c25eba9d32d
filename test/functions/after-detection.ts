import type { Segment } from '../../events/clip.ts'
import type { DetectionRow } from '../../events/rows.ts'
import { infer } from '../../functions/infer/index.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { formatSegments } from '../../functions/shared/segments.ts'
import { makeWorld } from './world.ts'

const json = { contentType: 'application/json' }
const segmentFrames = 4
const timeBase = { num: 1, den: 10 }

/** Two people who walk past each other over 12 frames; one is out of sight for a while. */
const detectionsAt = (frame: number): DetectionRow['objects'] => [
  { box: [20 + 8 * frame, 100, 30, 80], score: 0.9, class: 'person' },
  ...(frame > 4 && frame < 8
    ? []
    : [
        {
          box: [180 - 8 * frame, 110, 32, 85] as [number, number, number, number],
          score: 0.8,
          class: 'person'
        }
      ])
]

/** A world in which plan, decode and detect have run, for a clip in three segments. */
export const afterDetection = async () => {
  const world = await makeWorld()
  const { results } = world.context
  const clip = { bucket: 'uploads', key: 'clips/a.mp4', bytes: 4, etag: 'abcd' }
  const job = makeJob(
    { clip, name: 'a.mp4', task: 'track-many', options: { overlay: false } },
    () => 'digest'
  )
  const name = keys(job.id)
  const colour = { space: 'unknown', primaries: 'unknown', transfer: 'unknown', range: 'limited' }
  const video = {
    codec: 'h264',
    width: 320,
    height: 240,
    rotation: 0,
    timeBase,
    frames: 12,
    missingAtEnd: 0,
    start: 0,
    end: 12,
    frameRate: { num: 10, den: 1 },
    variable: false,
    colour
  }
  const pictures = { format: 'jpeg', longSide: 1920, width: 320, height: 240 }
  const plan = { job: job.id, clip: { container: 'mov', bytes: 4, video }, pictures, segments: 3 }
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
  for (const { index, firstFrame } of segments) {
    const frames = Array.from({ length: segmentFrames }, (_, i) => firstFrame + i)
    const table = {
      segment: index,
      format: 'jpeg',
      width: 320,
      height: 240,
      timeBase,
      frames: frames.map((frame, i) => ({ index: frame, pts: frame, offset: i, bytes: 1 }))
    }
    await results.put(name.frames(index), JSON.stringify(table), json)
    const rows = frames.map(frame => ({ frame, objects: detectionsAt(frame) }))
    await results.put(
      name.rows('detect', index),
      JSON.stringify({ stage: 'detect', segment: index, rows }),
      json
    )
  }
  const run = (remaining = Infinity) =>
    infer({ ...world.context, remaining: () => remaining }, { job: job.id, stage: 'associate' })
  const rows = () =>
    Promise.all(
      segments.map(async ({ index }) =>
        new TextDecoder().decode(await results.get(name.rows('associate', index)))
      )
    )
  return { ...world, job, name, run, rows }
}
