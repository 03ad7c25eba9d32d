/**
 * Bicubic resizing of bytes as MATLAB's imresize does it, value for value (specification of the metrics, section D):
 * rows first, then columns, rounded to bytes after each; what is made smaller is smoothed by a wider kernel. Low
 * resolution of benchmarks, and the baseline that all figures are compared with, are made so.
 */
import type { Picture } from '../picture.ts'

/** Keys' kernel with a = -0.5. */
const kernel = (distance: number) => {
  const d = Math.abs(distance)
  if (d <= 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1
  return d <= 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0
}

/** `factor` times as large, or that many times as small. */
export interface Scaling {
  factor: number
  direction: 'up' | 'down'
}

/** For each place of the resized axis which places of the axis it is a sum of, and their weights, `count` each. */
interface Taps {
  length: number
  count: number
  indices: Int32Array
  weights: Float64Array
}

/** Places beyond the ends of `n` places are mirrored, the edge repeated. */
export const tapsOf = (n: number, { factor, direction }: Scaling): Taps => {
  const down = direction === 'down'
  const length = down ? Math.ceil(n / factor) : n * factor
  const width = down ? 4 * factor : 4
  const count = width + 2
  const indices = new Int32Array(length * count)
  const weights = new Float64Array(length * count)
  for (let i = 0; i < length; i++) {
    const centre = down ? (i + 1) * factor + 0.5 * (1 - factor) : (i + 1) / factor + 0.5 * (1 - 1 / factor)
    const left = Math.floor(centre - width / 2)
    const own = Float64Array.from({ length: count }, (_, k) =>
      kernel(down ? (centre - left - k) / factor : centre - left - k)
    )
    const total = own.reduce((a, b) => a + b)
    for (let k = 0; k < count; k++) {
      // Places count from 1 in MATLAB.
      const wrapped = (((left + k - 1) % (2 * n)) + 2 * n) % (2 * n)
      indices[i * count + k] = wrapped < n ? wrapped : 2 * n - 1 - wrapped
      weights[i * count + k] = own[k] / total
    }
  }
  return { length, count, indices, weights }
}

type Rounding = (value: number) => number

/** The middle axis of [outer, n, inner], resampled. */
const along = (
  data: ArrayLike<number>,
  [outer, n, inner]: readonly [number, number, number],
  { length, count, indices, weights }: Taps,
  rounding: Rounding
) => {
  const out = new Float64Array(outer * length * inner)
  for (let o = 0, to = 0; o < outer; o++)
    for (let i = 0; i < length; i++) {
      const first = i * count
      for (let j = 0; j < inner; j++, to++) {
        let sum = 0
        for (let k = first; k < first + count; k++) sum += weights[k] * data[(o * n + indices[k]) * inner + j]
        out[to] = rounding(sum)
      }
    }
  return out
}

const byte: Rounding = value => Math.min(255, Math.max(0, Math.round(value)))

/** Values [height, width, 3] of the resized picture, and its size. @param rounding of each value after either axis */
export const bicubicValues = ({ data, width, height }: Picture, scaling: Scaling, rounding: Rounding) => {
  const [rows, columns] = [tapsOf(height, scaling), tapsOf(width, scaling)]
  const tall = along(data, [1, height, 3 * width], rows, rounding)
  return {
    values: along(tall, [rows.length, width, 3], columns, rounding),
    width: columns.length,
    height: rows.length
  }
}

/** The resized picture; sizes that are no multiple are rounded up where it gets smaller. */
export const bicubic = (picture: Picture, scaling: Scaling): Picture => {
  const { values, ...size } = bicubicValues(picture, scaling, byte)
  return { data: Uint8Array.from(values), ...size }
}
