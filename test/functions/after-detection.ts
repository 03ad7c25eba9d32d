import type { DetectionRow } from '../../events/rows.ts'
import { infer } from '../../functions/infer/index.ts'
import { afterDecoding, json } from './planned.ts'

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
  const world = await afterDecoding('track-many', { overlay: false })
  const { context, job, name, segments, rowsOf } = world
  for (const { index, firstFrame, frames } of segments) {
    const rows = Array.from({ length: frames }, (_, i) => firstFrame + i).map(frame => ({
      frame,
      objects: detectionsAt(frame)
    }))
    const content = { stage: 'detect', segment: index, rows }
    await context.results.put(name.rows('detect', index), JSON.stringify(content), json)
  }
  const run = (remaining = Infinity) =>
    infer({ ...context, remaining: () => remaining }, { job: job.id, stage: 'associate' })
  return { ...world, run, rows: () => rowsOf('associate') }
}
