/**
 * Letterboxing (specs of YOLOX: OpenCV's bilinear resize of uint8, top left, padding 114), in one pass from the
 * picture's bytes into the network's tensor.
 */
import { rint } from '../round.ts'

export interface Size {
  width: number
  height: number
}

/**
 * Which generation of checkpoints: `new` (release 0.1.1rc0) takes BGR 0..255; `mot` (older ones, ByteTrack, MixSort)
 * takes RGB normalised with ImageNet's mean and deviation. The wrong one finds nothing, silently.
 */
export type Preprocessing = 'new' | 'mot'

interface Letterbox {
  /** Network pixels per source pixel: boxes are brought back by dividing by it. */
  ratio: number
  /** Part of the network's input that the picture fills, from the top left corner. */
  resized: Size
  /** `picture`: RGB interleaved, [height, width, 3]; `out`: [3, height, width] of the network's input, overwritten. */
  write: (picture: Uint8Array, out: Float32Array) => void
}

const padding = 114
/** OpenCV's weights of the horizontal and of the vertical pass have 11 bits. */
const one = 2048

const mean = [0.485, 0.456, 0.406]
const deviation = [0.229, 0.224, 0.225]

/** Per plane of the tensor: which channel of RGB it holds, and the value of each byte, float64 cast to float32. */
const planes = {
  new: [2, 1, 0].map(channel => ({ channel, values: Float32Array.from({ length: 256 }, (_, v) => v) })),
  mot: [0, 1, 2].map(channel => ({
    channel,
    values: Float32Array.from({ length: 256 }, (_, v) => (v / 255 - mean[channel]) / deviation[channel])
  }))
}

/** Letterboxing of pictures of one size into a network of one size; holds its scratch, so one per stream of pictures. */
export const letterboxer = (source: Size, target: Size, form: Preprocessing): Letterbox => {
  const ratio = Math.min(target.height / source.height, target.width / source.width)
  const resized = {
    width: Math.max(1, Math.trunc(source.width * ratio)),
    height: Math.max(1, Math.trunc(source.height * ratio))
  }
  const same = resized.width === source.width && resized.height === source.height
  const rows = same ? copyRows(source) : resizeRows(source, resized)

  const area = target.width * target.height
  return {
    ratio,
    resized,
    write: (picture, out) => {
      if (picture.length !== source.width * source.height * 3 || out.length !== area * 3)
        throw new Error(`letterbox: ${picture.length} bytes in, ${out.length} values out`)
      const read = rows(picture)
      for (let y = 0; y < resized.height; y++) {
        const { bytes, offset } = read(y)
        for (let p = 0; p < 3; p++) {
          const { channel, values } = planes[form][p]
          const begin = p * area + y * target.width
          for (let x = 0, from = offset + channel; x < resized.width; x++, from += 3)
            out[begin + x] = values[bytes[from]]!
          out.fill(values[padding], begin + resized.width, begin + target.width)
        }
      }
      for (let p = 0; p < 3; p++)
        out.fill(planes[form][p].values[padding], p * area + resized.height * target.width, (p + 1) * area)
    }
  }
}

/** Gives rows of interleaved bytes, asked for from top to bottom. */
type Rows = (picture: Uint8Array) => (y: number) => { bytes: Uint8Array; offset: number }

const copyRows =
  ({ width }: Size): Rows =>
  bytes =>
  y => ({ bytes, offset: y * width * 3 })

const resizeRows = (source: Size, resized: Size): Rows => {
  const columns = taps(source.width, resized.width)
  const lines = taps(source.height, resized.height)
  // OpenCV holds the outermost columns by moving the weight, the outermost rows by repeating the row: the rounding differs.
  for (let x = 0; x < resized.width; x++) {
    if (columns.first[x] >= 0 && columns.first[x] < source.width - 1) continue
    columns.first[x] = columns.first[x] < 0 ? 0 : source.width - 1
    columns.near[x] = one
    columns.far[x] = 0
  }
  const right = columns.first.map(x => 3 * Math.min(x + 1, source.width - 1))
  const left = columns.first.map(x => 3 * x)

  const length = resized.width * 3
  const bytes = new Uint8Array(length)
  /** Two source rows, resized horizontally, and their numbers. */
  let [upper, lower] = [new Int32Array(length), new Int32Array(length)]
  let [upperRow, lowerRow] = [-1, -1]

  return picture => {
    upperRow = lowerRow = -1
    const horizontal = (row: number, out: Int32Array) => {
      const base = row * source.width * 3
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
      const top = clamp(lines.first[y], source.height)
      const bottom = clamp(lines.first[y] + 1, source.height)
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

const clamp = (row: number, height: number) => Math.min(Math.max(row, 0), height - 1)

/** For each place of the resized axis the first of its two neighbours in the source (from -1) and both weights. */
const taps = (source: number, resized: number) => {
  const first = new Int32Array(resized)
  const near = new Int32Array(resized)
  const far = new Int32Array(resized)
  const scale = 1 / (resized / source)
  for (let i = 0; i < resized; i++) {
    const centre = Math.fround((i + 0.5) * scale - 0.5)
    first[i] = Math.floor(centre)
    const part = Math.fround(centre - first[i])
    near[i] = rint(Math.fround(1 - part) * one)
    far[i] = rint(part * one)
  }
  return { first, near, far }
}

/**
 * The network's input that keeps a picture's aspect: the long side is `longSide` (a multiple of 32), the short one
 * the next multiple of 32 that holds the scaled picture.
 */
export const detectionSize = (width: number, height: number, longSide: number): Size => {
  const short = Math.ceil((Math.min(width, height) * longSide) / Math.max(width, height) / 32) * 32
  return width >= height ? { width: longSide, height: short } : { width: short, height: longSide }
}
