import type { Colour } from '../events/clip.ts'

/** One colour an id; neighbouring ids lie the golden angle apart on the colour circle: saturation 0.75, lightness 0.55. */
export const colourOf = (id: number): Colour => {
  const hue = (id * 137.508) % 360
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12
    return Math.round(255 * (0.55 - 0.75 * 0.45 * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
