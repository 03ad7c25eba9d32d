/**
 * OpenCV's bilinear resize of uint8 in its fixed-point arithmetic, bit for bit (spec of MixFormerV2, section 4.1), of a
 * part of a picture that may reach beyond it; there everything is 0.
 */
import type { Size } from './picture.ts'
import { rint } from './round.ts'

/** `length` positions of one axis from `start` on; only those in 0 … `limit` - 1 are shown, the others are 0. */
interface Span {
  start: number
  length: number
  limit: number
}

interface Part {
  /** Width of the picture in pixels: how far its rows lie apart. */
  stride: number
  columns: Span
  rows: Span
}

/** Gives rows of interleaved bytes [width, 3], asked for from top to bottom; each is valid until the next. */
export type Rows = (picture: Uint8Array) => (y: number) => { bytes: Uint8Array; offset: number }

/** Weights have 11 bits. */
const one = 2048

/** Rows of `part` of a picture (RGB interleaved), resized; holds its scratch, so one per stream of pictures. */
export const resizeRows = (part: Part, resized: Size): Rows => {
  const columns = taps(part.columns, resized.width, true)
  const lines = taps(part.rows, resized.height, false)
  const left = columns.first.map(x => 3 * x)
  const right = columns.second.map(x => 3 * x)

  const length = resized.width * 3
  const bytes = new Uint8Array(length)
  /** Two source rows, resized horizontally, and their numbers. */
  let [upper, lower] = [new Int32Array(length), new Int32Array(length)]
  let [upperRow, lowerRow] = [-1, -1]

  return picture => {
    upperRow = lowerRow = -1
    const horizontal = (row: number, out: Int32Array) => {
      const base = row * part.stride * 3
      for (let x = 0, to = 0; x < resized.width; x++, to += 3) {
        const a = base + left[x]
        const b = base + right[x]
        const near = columns.near[x]
        const far = columns.far[x]
        out[to] = (picture[a] * near + picture[b] * far) >> 4
        out[to + 1] = (picture[a + 1] * near + picture[b + 1] * far) >> 4
        out[to + 2] = (picture[a + 2] * near + picture[b + 2] * far) >> 4
      }
    }
    return y => {
      const top = lines.first[y]
      const bottom = lines.second[y]
      if (top === lowerRow) {
        ;[upper, lower] = [lower, upper]
        ;[upperRow, lowerRow] = [lowerRow, upperRow]
      }
      if (top !== upperRow) horizontal((upperRow = top), upper)
      if (bottom !== top && bottom !== lowerRow) horizontal((lowerRow = bottom), lower)
      const below = bottom === top ? upper : lower
      const near = lines.near[y]
      const far = lines.far[y]
      for (let i = 0; i < length; i++)
        bytes[i] = (((near * upper[i]) >> 16) + ((far * below[i]) >> 16) + 2) >> 2
      return { bytes, offset: 0 }
    }
  }
}

const clamp = (position: number, length: number) => Math.max(0, Math.min(position, length - 1))

/**
 * For each of `resized` places the positions of its two neighbours in the picture and their weights, 0 for what is not
 * shown. OpenCV holds the outermost columns by moving the weight, the outermost rows by repeating the row: the rounding
 * differs.
 */
const taps = ({ start, length, limit }: Span, resized: number, movesWeight: boolean) => {
  const [first, second, near, far] = Array.from({ length: 4 }, () => new Int32Array(resized))
  const scale = 1 / (resized / length)
  for (let i = 0; i < resized; i++) {
    const centre = Math.fround((i + 0.5) * scale - 0.5)
    const whole = Math.floor(centre)
    const held = movesWeight && (whole < 0 || whole >= length - 1)
    const part = held ? 0 : Math.fround(centre - whole)
    const [a, b] = [start + clamp(whole, length), start + clamp(whole + 1, length)]
    const shown = (position: number) => position >= 0 && position < limit
    first[i] = clamp(a, limit)
    second[i] = clamp(b, limit)
    near[i] = shown(a) ? rint(Math.fround(1 - part) * one) : 0
    far[i] = shown(b) ? rint(part * one) : 0
  }
  return { first, second, near, far }
}
