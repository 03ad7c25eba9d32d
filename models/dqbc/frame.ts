/** Frames as tensors [1, C, H, W], and what is done to them around the graphs (specification, sections 4 and 5). */
import type { TensorData } from '../graph/index.ts'
import type { Picture, Size } from '../picture.ts'
import { rint } from '../round.ts'

/** float32 */
export interface Frame extends TensorData {
  readonly dtype: 'float32'
  readonly data: Float32Array<ArrayBuffer>
}

export const sizeOf = ({ shape: [, , height, width] }: TensorData): Size => ({ height, width })

const frameOf = (channels: number, { height, width }: Size): Frame => ({
  dtype: 'float32',
  shape: [1, channels, height, width],
  data: new Float32Array(channels * height * width)
})

/** RGB, interleaved bytes, as 0..1. */
export const toFrame = ({ data, width, height }: Picture): Frame => {
  const frame = frameOf(3, { width, height })
  const area = width * height
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < area; i++) frame.data[channel * area + i] = data[3 * i + channel] / 255
  return frame
}

/** Clamped and rounded, halves to even, in float32 as the authors' evaluation does it. */
export const toPicture = ({ data, shape: [, , height, width] }: Frame): Picture => {
  const area = width * height
  const bytes = new Uint8Array(3 * area)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < area; i++)
      bytes[3 * i + channel] = rint(Math.fround(255 * Math.min(1, Math.max(0, data[channel * area + i]))))
  return { data: bytes, width, height }
}

/** What a frame that was made is read as when it is stored and read again, but for the rounding. */
export const clamped = (frame: Frame): Frame => ({
  ...frame,
  data: frame.data.map(v => Math.min(1, Math.max(0, v)))
})

/** Its top left part where it is larger, with zeros at the right and at the bottom where it is smaller. */
export const fitted = (frame: Frame, size: Size): Frame => {
  const [, channels, rows, columns] = frame.shape
  const { height, width } = size
  if (height === rows && width === columns) return frame
  const result = frameOf(channels, size)
  const common = Math.min(columns, width)
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < Math.min(rows, height); y++) {
      const from = (channel * rows + y) * columns
      result.data.set(frame.data.subarray(from, from + common), (channel * height + y) * width)
    }
  return result
}

/** With zeros at the right and at the bottom, so that height and width are multiples of `unit`. */
export const padded = (frame: Frame, unit: number): Frame => {
  const { height, width } = sizeOf(frame)
  const whole = (n: number) => Math.ceil(n / unit) * unit
  return fitted(frame, { height: whole(height), width: whole(width) })
}

/** A quarter turn: the pixel at (x, y) of the result is that at `from(x, y)`. */
const moved = (
  frame: Frame,
  from: (x: number, y: number, size: Size) => readonly [x: number, y: number]
): Frame => {
  const size = sizeOf(frame)
  const [, channels] = frame.shape
  const result = frameOf(channels, { height: size.width, width: size.height })
  const area = size.width * size.height
  for (let y = 0, to = 0; y < size.width; y++)
    for (let x = 0; x < size.height; x++, to++) {
      const [left, top] = from(x, y, size)
      const at = top * size.width + left
      for (let channel = 0; channel < channels; channel++)
        result.data[channel * area + to] = frame.data[channel * area + at]
    }
  return result
}

/** Turned by 90 degrees counter-clockwise. */
export const turned = (frame: Frame) => moved(frame, (x, y, { width }) => [width - 1 - y, x])
/** Turned by 90 degrees clockwise. */
export const turnedBack = (frame: Frame) => moved(frame, (x, y, { height }) => [y, height - 1 - x])

/** Each 2 x 2 pixels to their mean; height and width are even. */
export const halved = (frame: Frame): Frame => {
  const [, channels, rows, columns] = frame.shape
  const result = frameOf(channels, { height: rows / 2, width: columns / 2 })
  const { data } = frame
  for (let y = 0, to = 0; y < (channels * rows) / 2; y++)
    for (let x = 0; x < columns / 2; x++, to++) {
      const at = 2 * y * columns + 2 * x
      result.data[to] = (data[at] + data[at + 1] + data[at + columns] + data[at + columns + 1]) / 4
    }
  return result
}

/** Twice the height and width, bilinear, times `factor`. */
export const doubled = (frame: Frame, factor: number): Frame => {
  const [, channels, rows, columns] = frame.shape
  const result = frameOf(channels, { height: 2 * rows, width: 2 * columns })
  const { data } = frame
  for (let channel = 0, to = 0; channel < channels; channel++)
    for (let y = 0; y < 2 * rows; y++) {
      const near = (channel * rows + (y >> 1)) * columns
      const far = (channel * rows + neighbour(y, rows)) * columns
      for (let x = 0; x < 2 * columns; x++, to++) {
        const [left, right] = [x >> 1, neighbour(x, columns)]
        const upper = 0.75 * data[near + left] + 0.25 * data[near + right]
        const lower = 0.75 * data[far + left] + 0.25 * data[far + right]
        result.data[to] = factor * (0.75 * upper + 0.25 * lower)
      }
    }
  return result
}

/** The second place of a row that place `i` of one with twice as many is read from; the first is i / 2. */
const neighbour = (i: number, count: number) => Math.min(count - 1, Math.max(0, (i >> 1) + (i % 2 ? 1 : -1)))

/** Of frames of one size. */
export const meanOf = (frames: readonly Frame[]): Frame => ({
  ...frames[0],
  data: frames[0].data.map((_, i) => frames.reduce((sum, { data }) => sum + data[i], 0) / frames.length)
})
