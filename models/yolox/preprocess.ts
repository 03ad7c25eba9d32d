/**
 * Letterboxing (specs of YOLOX: OpenCV's bilinear resize of uint8, top left, padding 114), in one pass from the
 * picture's bytes into the network's tensor.
 */
import { resizeRows, type Rows } from '../resize.ts'
import type { Size } from '../picture.ts'

export type { Size }

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
  const rows = same
    ? copyRows(source)
    : resizeRows({ stride: source.width, columns: whole(source.width), rows: whole(source.height) }, resized)

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

const whole = (length: number) => ({ start: 0, length, limit: length })

const copyRows =
  ({ width }: Size): Rows =>
  bytes =>
  y => ({ bytes, offset: y * width * 3 })

/**
 * The network's input that keeps a picture's aspect: the long side is `longSide` (a multiple of 32), the short one
 * the next multiple of 32 that holds the scaled picture.
 */
export const detectionSize = (width: number, height: number, longSide: number): Size => {
  const short = Math.ceil((Math.min(width, height) * longSide) / Math.max(width, height) / 32) * 32
  return width >= height ? { width: longSide, height: short } : { width: short, height: longSide }
}
