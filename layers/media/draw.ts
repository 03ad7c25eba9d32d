import type { Colour, Shape } from '../../events/clip.ts'
import { dot, glyph } from './font.ts'

/** An 8-bit 4:2:0 picture: planes of luma, Cb and Cr with the bytes from one row to the next. */
export interface Picture {
  width: number
  height: number
  planes: [Uint8Array, Uint8Array, Uint8Array]
  strides: [number, number, number]
}

type Yuv = [y: number, cb: number, cr: number]

/** Luma weights of red and blue (ITU-T H.273, MatrixCoefficients). */
const weights = {
  bt709: [0.2126, 0.0722],
  bt2020nc: [0.2627, 0.0593],
  smpte240m: [0.212, 0.087],
  bt601: [0.299, 0.114]
} as const

/** A colour as it stands in a picture of that matrix and range. */
export const yuvOf = ([red, green, blue]: Colour, matrix: string, range: 'tv' | 'pc'): Yuv => {
  const [kr, kb] = weights[matrix as keyof typeof weights] ?? weights.bt601
  const luma = kr * red + (1 - kr - kb) * green + kb * blue
  const cb = (blue - luma) / (2 - 2 * kb)
  const cr = (red - luma) / (2 - 2 * kr)
  return range === 'pc'
    ? [Math.round(luma), Math.round(128 + cb), Math.round(128 + cr)]
    : [
        Math.round(16 + (luma * 219) / 255),
        Math.round(128 + (cb * 224) / 255),
        Math.round(128 + (cr * 224) / 255)
      ]
}

/**
 * Draws shapes, in order, whose coordinates are pixels of a picture `scale` times smaller. Line width and letters go with
 * the picture's size; what lies outside is cut off.
 */
export const draw = (
  picture: Picture,
  shapes: Shape[],
  scale: { x: number; y: number },
  toYuv: (colour: Colour) => Yuv
) => {
  const line = lineWidth(picture)
  for (const shape of shapes) {
    const yuv = toYuv(shape.colour)
    if (shape.kind === 'path') {
      const points = shape.points.map(([x, y]): Point => [x * scale.x, y * scale.y])
      drawPath(picture, points, line, yuv)
      continue
    }
    const left = Math.round(shape.x * scale.x)
    const top = Math.round(shape.y * scale.y)
    const right = Math.round((shape.x + shape.width) * scale.x)
    const bottom = Math.round((shape.y + shape.height) * scale.y)
    drawBox(picture, left, top, right, bottom, line, yuv)
    if (shape.label) drawLabel(picture, shape.label, left, top, yuv, toYuv(contrast(shape.colour)))
  }
}

type Point = [x: number, y: number]

/** 2 pixels for pictures of up to 576 lines, 4 for 1080. */
const lineWidth = ({ width, height }: Picture) => Math.max(2, Math.round(Math.min(width, height) / 270))

/** Black letters on light colours, white ones on dark. */
const contrast = ([red, green, blue]: Colour): Colour =>
  0.299 * red + 0.587 * green + 0.114 * blue > 140 ? [0, 0, 0] : [255, 255, 255]

const drawBox = (
  picture: Picture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  line: number,
  yuv: Yuv
) => {
  fill(picture, left, top, right, top + line, yuv)
  fill(picture, left, bottom - line, right, bottom, yuv)
  fill(picture, left, top, left + line, bottom, yuv)
  fill(picture, right - line, top, right, bottom, yuv)
}

/** Above the box where there is room, else inside at its top; moved to stay within the picture. */
const drawLabel = (picture: Picture, label: string, left: number, top: number, back: Yuv, ink: Yuv) => {
  const unit = Math.max(1, Math.round(Math.min(picture.width, picture.height) / 280))
  const width = unit * (label.length * (glyph.width + 1) + 1)
  const height = unit * (glyph.height + 2)
  const x = Math.max(0, Math.min(left, picture.width - width))
  const y = top >= height ? top - height : Math.max(0, Math.min(top, picture.height - height))
  fill(picture, x, y, x + width, y + height, back)
  for (const [i, character] of label.split('').entries())
    for (let row = 0; row < glyph.height; row++)
      for (let column = 0; column < glyph.width; column++)
        if (dot(character, column, row)) {
          const dotX = x + unit * (1 + i * (glyph.width + 1) + column)
          const dotY = y + unit * (1 + row)
          fill(picture, dotX, dotY, dotX + unit, dotY + unit, ink)
        }
}

/** Squares of the line's width, a pixel apart along the longer direction. */
const drawPath = (picture: Picture, points: Point[], line: number, yuv: Yuv) => {
  const half = line / 2
  for (const [i, [x, y]] of points.entries()) {
    const [beforeX, beforeY] = points[Math.max(0, i - 1)]
    const clipped = clipLine(beforeX, beforeY, x, y, picture, line)
    if (!clipped) continue
    const [x0, y0, x1, y1] = clipped
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))))
    for (let step = 0; step <= steps; step++) {
      const squareX = Math.round(x0 + ((x1 - x0) * step) / steps - half)
      const squareY = Math.round(y0 + ((y1 - y0) * step) / steps - half)
      fill(picture, squareX, squareY, squareX + line, squareY + line, yuv)
    }
  }
}

/** The part of a line that can be seen (Liang-Barsky), so that far points cost nothing. */
const clipLine = (
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  { width, height }: Picture,
  margin: number
): [number, number, number, number] | undefined => {
  let enter = 0
  let leave = 1
  for (const [from, delta, low, high] of [
    [x0, x1 - x0, -margin, width + margin],
    [y0, y1 - y0, -margin, height + margin]
  ] as const) {
    if (delta === 0 && (from < low || from > high)) return undefined
    if (delta === 0) continue
    const [a, b] = [(low - from) / delta, (high - from) / delta]
    enter = Math.max(enter, Math.min(a, b))
    leave = Math.min(leave, Math.max(a, b))
  }
  if (!(enter <= leave)) return undefined
  const at = (t: number): Point => [x0 + (x1 - x0) * t, y0 + (y1 - y0) * t]
  return [...at(enter), ...at(leave)]
}

/** Fills [left, right) x [top, bottom); a chroma sample, shared by four pixels, is blended by how many are covered. */
const fill = (
  { width, height, planes, strides }: Picture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  [y, cb, cr]: Yuv
) => {
  const x0 = Math.max(0, left)
  const y0 = Math.max(0, top)
  const x1 = Math.min(width, right)
  const y1 = Math.min(height, bottom)
  // also false where a coordinate is not a number
  if (!(x0 < x1 && y0 < y1)) return
  for (let row = y0; row < y1; row++) planes[0].fill(y, row * strides[0] + x0, row * strides[0] + x1)
  for (let row = y0 >> 1; row << 1 < y1; row++) {
    const rows = Math.min(y1, row * 2 + 2) - Math.max(y0, row * 2)
    for (let column = x0 >> 1; column << 1 < x1; column++) {
      const covered = (rows * (Math.min(x1, column * 2 + 2) - Math.max(x0, column * 2))) / 4
      blend(planes[1], row * strides[1] + column, cb, covered)
      blend(planes[2], row * strides[2] + column, cr, covered)
    }
  }
}

const blend = (plane: Uint8Array, at: number, value: number, share: number) => {
  plane[at] = plane[at] + (value - plane[at]) * share + 0.5
}
