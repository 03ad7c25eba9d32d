import type { Plan } from '../../events/plan.ts'
import type { Segment } from '../../events/clip.ts'
import { pictureSize, planSegments, type Probed } from '../../layers/media/index.ts'
import type { Task } from '../../tasks/define.ts'

/** Frames a segment: enough to be worth an invocation, few enough that one always ends within its time limit. */
const segmentFrames = { target: 60, max: 90 }
/** What a segment of a slow task may take on one processor, seconds: a third of what a function gets. */
const segmentSeconds = 300

/** Of a task whose frames take so many seconds of one processor. */
export const segmentFramesOf = (slowness = 0) => {
  const target = Math.max(1, Math.min(segmentFrames.target, Math.floor(segmentSeconds / slowness)))
  return { target, max: Math.floor((segmentFrames.max / segmentFrames.target) * target) }
}

/** The pictures and segments that a task works on a probed clip with. @param options complete */
export const layOut = (
  task: Task,
  options: unknown,
  { facts, timeline }: Probed
): { pictures: Plan['pictures']; segments: Segment[] } => {
  const pictures = task.pictures(options)
  return {
    pictures: { ...pictures, ...pictureSize(facts, pictures.longSide) },
    segments: planSegments(timeline, segmentFramesOf(task.slowness?.(options, facts)))
  }
}
