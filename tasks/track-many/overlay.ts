import type { Colour, Shape } from '../../events/clip.ts'
import type { TrackRow } from '../../events/rows.ts'
import type { Overlay } from '../define.ts'

/** How far back a trail goes, frames. */
const trailFrames = 30

/** A box with its id for everybody, and a trail of where the feet were; one colour an id. */
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

/** Neighbouring ids lie the golden angle apart on the colour circle: saturation 0.75, lightness 0.55. */
const colourOf = (id: number): Colour => {
  const hue = (id * 137.508) % 360
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12
    return Math.round(255 * (0.55 - 0.75 * 0.45 * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
