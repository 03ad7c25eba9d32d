import type { Plan } from '../../events/plan.ts'
import type { Segment } from '../../events/clip.ts'
import { pictureSize, planSegments, type Probed } from '../../layers/media/index.ts'
import type { Task } from '../../tasks/define.ts'

/** Frames a segment: enough to be worth an invocation, few enough that one always ends within its time limit. */
const segmentFrames = { target: 60, max: 90 }

/** The pictures and segments that a task works on a probed clip with. @param options complete */
export const layOut = (
  task: Task,
  options: unknown,
  { facts, timeline }: Probed
): { pictures: Plan['pictures']; segments: Segment[] } => {
  const pictures = task.pictures(options)
  return {
    pictures: { ...pictures, ...pictureSize(facts, pictures.longSide) },
    segments: planSegments(timeline, segmentFrames)
  }
}
