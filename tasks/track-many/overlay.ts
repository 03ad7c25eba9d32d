import type { Shape } from '../../events/clip.ts'
import type { TrackRow } from '../../events/rows.ts'
import { colourOf } from '../colour.ts'
import type { Overlay } from '../define.ts'

/** How far back a trail goes, frames. */
const trailFrames = 30

/** A box with its id for everybody, and a trail of where the feet were. */
export const overlay: Overlay = {
  memory: trailFrames,
  open: () => {
    let steps: { frame: number; id: number; foot: [x: number, y: number] }[] = []
    return row => {
      const { frame, objects } = row as TrackRow
      steps = steps.filter(step => frame - step.frame <= trailFrames)
      for (const { id, box } of objects)
        steps.push({ frame, id, foot: [box[0] + box[2] / 2, box[1] + box[3]] })
      return objects.flatMap(({ id, box: [x, y, width, height] }): Shape[] => {
        const colour = colourOf(id)
        const points = steps.filter(step => step.id === id).map(({ foot }) => foot)
        return [
          { kind: 'path', points, colour },
          { kind: 'box', x, y, width, height, colour, label: String(id) }
        ]
      })
    }
  }
}
