import type { Colour, Shape } from '../../events/clip.ts'
import type { TargetRow } from '../../events/rows.ts'
import { colourOf } from '../colour.ts'
import type { Overlay } from '../define.ts'

/** How far back a trail goes, frames. */
const trailFrames = 30

const grey: Colour = [150, 150, 150]

/** A box for each target, grey while it is lost, and a trail of where its middle was. */
export const overlay: Overlay = {
  memory: trailFrames,
  open: () => {
    let steps: { frame: number; id: number; middle: [x: number, y: number] }[] = []
    return row => {
      const { frame, targets } = row as TargetRow
      steps = steps.filter(step => frame - step.frame <= trailFrames)
      for (const { id, box, lost } of targets)
        if (!lost) steps.push({ frame, id, middle: [box[0] + box[2] / 2, box[1] + box[3] / 2] })
      return targets.flatMap(({ id, box: [x, y, width, height], lost }): Shape[] => [
        {
          kind: 'path',
          points: steps.filter(step => step.id === id).map(({ middle }) => middle),
          colour: colourOf(id)
        },
        {
          kind: 'box',
          x,
          y,
          width,
          height,
          colour: lost ? grey : colourOf(id),
          label: lost ? `${id} lost` : String(id)
        }
      ])
    }
  }
}
