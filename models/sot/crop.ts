/** The crop around a box that trackers of one object look at (spec of MixFormerV2, section 4; ROMTrack's is the same). */
import type { Tlwh } from '../box.ts'
import type { Picture } from '../picture.ts'
import { resizeRows } from '../resize.ts'
import { rint } from '../round.ts'

/** A square of source pixels, which may reach beyond the picture. */
export interface Square {
  left: number
  top: number
  side: number
}

/**
 * The square around `box` whose side is `factor` times the root of the box's area. In a crop of it of `output` pixels
 * there are output / side network pixels per source pixel.
 * @throws Error where the box has no area
 */
export const cropSquare = ([x, y, w, h]: Tlwh, factor: number): Square => {
  const side = Math.ceil(Math.sqrt(w * h) * factor)
  if (!(side >= 1)) throw new Error(`the box ${[x, y, w, h].join(', ')} has no area`)
  return { left: rint(x + 0.5 * w - 0.5 * side), top: rint(y + 0.5 * h - 0.5 * side), side }
}

const mean = [0.485, 0.456, 0.406].map(Math.fround)
const deviation = [0.229, 0.224, 0.225].map(Math.fround)

/** By plane of the tensor (RGB), the value of each byte, in the authors' steps of float32. */
const values = mean.map((m, plane) =>
  Float32Array.from({ length: 256 }, (_, v) => Math.fround(Math.fround(v / 255) - m) / deviation[plane])
)

/**
 * Writes the crop of `output` x `output` pixels that shows `square`: black outside the picture, and, as the authors'
 * padding is one pixel too wide, in the picture's last column and row too.
 * @param out [3, output, output], overwritten
 */
export const writeCrop = (
  { data, width, height }: Picture,
  { left, top, side }: Square,
  output: number,
  out: Float32Array
) => {
  const area = output * output
  if (data.length !== width * height * 3 || out.length !== area * 3)
    throw new Error(`crop: ${data.length} bytes in, ${out.length} values out`)
  const part = {
    stride: width,
    columns: { start: left, length: side, limit: width - 1 },
    rows: { start: top, length: side, limit: height - 1 }
  }
  const row = resizeRows(part, { width: output, height: output })(data)
  for (let y = 0, to = 0; y < output; y++) {
    const { bytes } = row(y)
    for (let from = 0; from < bytes.length; from += 3, to++) {
      out[to] = values[0][bytes[from]]
      out[to + area] = values[1][bytes[from + 1]]
      out[to + 2 * area] = values[2][bytes[from + 2]]
    }
  }
}
