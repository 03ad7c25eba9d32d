/** MixSort's crops and what is read from the heat maps of its network (spec section 4). */
import type { Tlwh } from '../box.ts'
import type { Picture } from '../picture.ts'
import { rint } from '../round.ts'

/** Side of the square around a box per square root of its area, and side of the crop in pixels. */
export const crops = {
  template: { factor: 1.5, output: 96 },
  search: { factor: 4, output: 224 }
} as const

interface Square {
  left: number
  top: number
  /** 0 where the box has no area. */
  size: number
}

/** The square of source pixels that a crop around `box` shows. */
export const cropSquare = (box: Tlwh, kind: keyof typeof crops): Square => {
  const [x, y, w, h] = box.map(Math.trunc) as [number, number, number, number]
  const size = w * h > 0 ? Math.ceil(Math.sqrt(w * h) * crops[kind].factor) : 0
  return { left: rint(x + 0.5 * w - 0.5 * size), top: rint(y + 0.5 * h - 0.5 * size), size }
}

/**
 * The crop, BGR planes [3, n, n] as the authors' tracker feeds them; zeros outside the picture. Bilinear, half-pixel
 * centres, no antialias, float32, rounded half to even.
 */
export const crop = (picture: Picture, { left, top, size }: Square, kind: keyof typeof crops): Uint8Array => {
  const n = crops[kind].output
  const out = new Uint8Array(3 * n * n)
  if (size === 0) return out
  const columns = axis(left, size, picture.width, n)
  const rows = axis(top, size, picture.height, n)
  for (let plane = 0, to = 0; plane < 3; plane++) {
    const pixel = (x: number, y: number) =>
      x < 0 || y < 0 ? 0 : picture.data[(y * picture.width + x) * 3 + 2 - plane]
    for (const v of rows)
      for (const u of columns) {
        const above = blend(pixel(u.first, v.first), pixel(u.second, v.first), u)
        const below = blend(pixel(u.first, v.second), pixel(u.second, v.second), u)
        out[to++] = rint(blend(above, below, v))
      }
  }
  return out
}

/** Two source positions on one axis, -1 where there is no picture, and their weights. */
interface Tap {
  first: number
  second: number
  near: number
  far: number
}

const f32 = Math.fround
const blend = (a: number, b: number, { near, far }: Tap) => f32(f32(near * a) + f32(far * b))

/**
 * The taps of `n` pixels over `size` source pixels from `start` on. Where all of them lie before the picture,
 * torchvision takes the negative end as counted from the far side, as Python's slices do: behind the `size`
 * zeros it appends the picture without that many of its last pixels, and resizes all of it.
 */
const axis = (start: number, size: number, limit: number, n: number): Tap[] => {
  const end = start + size
  const length = end < 0 ? size + Math.max(0, limit + end) : size
  const source = (i: number) => {
    const at = Math.min(i, length - 1) + (end < 0 ? -size : start)
    return at < limit ? at : -1
  }
  const scale = f32(length / n)
  return Array.from({ length: n }, (_, i) => {
    const at = Math.max(0, f32(scale * (i + 0.5) - 0.5))
    const far = f32(at - Math.floor(at))
    return { first: source(Math.floor(at)), second: source(Math.floor(at) + 1), near: f32(1 - far), far }
  })
}

const cells = 14
const cellSide = crops.search.output / cells

/**
 * Similarity of the track whose search crop shows `square` with each box, from its raw heat map [14, 14]: the mean of
 * the normalised map within `radius` cells of the box's centre, 0 where the centre lies outside the crop.
 */
export const similarities = (heat: Float32Array, square: Square, boxes: readonly Tlwh[], radius = 0) => {
  const low = Math.min(...heat)
  const range = f32(Math.max(...heat) - low)
  const scale = f32(square.size / crops.search.output)
  const centre = (origin: number, start: number, length: number) =>
    f32(f32((Math.trunc(start) - origin) / scale) + f32(f32(Math.trunc(length) / scale) / 2))
  return boxes.map(([x, y, w, h]) => {
    const cx = centre(square.left, x, w)
    const cy = centre(square.top, y, h)
    const inside = (c: number) => c > 0 && c < crops.search.output
    if (!range || !square.size || !inside(cx) || !inside(cy)) return 0
    const column = Math.floor(Math.trunc(cx) / cellSide)
    const row = Math.floor(Math.trunc(cy) / cellSide)
    let sum = 0
    let count = 0
    for (let r = Math.max(0, row - radius); r <= Math.min(cells - 1, row + radius); r++)
      for (let c = Math.max(0, column - radius); c <= Math.min(cells - 1, column + radius); c++, count++)
        sum += f32(f32(heat[r * cells + c] - low) / range)
    return f32(sum / count)
  })
}
