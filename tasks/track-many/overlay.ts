import type { Colour, Shape } from '../../events/clip.ts'
import type { TrackRow } from '../../events/rows.ts'
import type { Overlay } from '../define.ts'

/** How far back a trail goes, frames. */
const trailFrames = 30

/** A box with its id for everybody, and a trail of where the feet were; one colour an id. */
export const overlay: Overlay = () => {
  const trails = new Map<number, { points: [x: number, y: number][]; frame: number }>()
  return row => {
    const { frame, objects } = row as TrackRow
    for (const [id, trail] of trails) if (frame - trail.frame > trailFrames) trails.delete(id)
    return objects.flatMap(({ id, box: [x, y, width, height] }): Shape[] => {
      const points = [
        ...(trails.get(id)?.points ?? []),
        [x + width / 2, y + height] satisfies [number, number]
      ]
      trails.set(id, { points: points.slice(-trailFrames), frame })
      const colour = colourOf(id)
      return [
        { kind: 'path', points: points.slice(-trailFrames), colour },
        { kind: 'box', x, y, width, height, colour, label: String(id) }
      ]
    })
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
