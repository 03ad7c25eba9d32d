/** PSNR, interpolation error and SSIM as DQBC and RIFE compute them (specification of the metrics). */
import { sizeOf, toFrame, toPicture, type Frame } from '../../models/dqbc/frame.ts'
import type { Picture } from '../../models/picture.ts'
import { rint } from '../../models/round.ts'
import { gaussianOf, psnrOf, rgb, windowSide } from '../sr/fidelity.ts'

/** How far SSIM's volumes go on beyond their first and last values, along each axis. */
const margin = 5

/** Along one axis of [outer, n, inner], edges repeated: to [outer, n + 2 margin + 1 - taps, inner]. */
const smooth = (
  values: Float64Array,
  { outer, n, inner }: { outer: number; n: number; inner: number },
  taps: Float64Array
) => {
  const count = n + 2 * margin + 1 - taps.length
  const out = new Float64Array(outer * count * inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count; i++) {
      const to = (o * count + i) * inner
      for (let k = 0; k < taps.length; k++) {
        const from = (o * n + Math.min(n - 1, Math.max(0, i + k - margin))) * inner
        for (let j = 0; j < inner; j++) out[to + j] += taps[k] * values[from + j]
      }
    }
  return out
}

const c1 = 0.01 ** 2
const c2 = 0.03 ** 2

/** SSIM of two volumes [3, h, w] with values about 0..1, by a window that goes over colours as over places. */
export const volumeSsim = (
  a: Float32Array,
  b: Float32Array,
  { width, height }: { width: number; height: number }
): number => {
  const taps = gaussianOf(Math.min(windowSide, width, height))
  const grown = (n: number) => n + 2 * margin + 1 - taps.length
  const means = (f: (i: number) => number) => {
    const volume = Float64Array.from(a, (_, i) => f(i))
    const byColour = smooth(volume, { outer: 1, n: 3, inner: height * width }, taps)
    const byRow = smooth(byColour, { outer: grown(3), n: height, inner: width }, taps)
    return smooth(byRow, { outer: grown(3) * grown(height), n: width, inner: 1 }, taps)
  }
  const [ma, mb] = [means(i => a[i]), means(i => b[i])]
  const [aa, bb, ab] = [means(i => a[i] ** 2), means(i => b[i] ** 2), means(i => a[i] * b[i])]
  let sum = 0
  for (const [i, m] of ma.entries()) {
    const n = mb[i]
    const variances = aa[i] - m * m + (bb[i] - n * n)
    const covariance = ab[i] - m * n
    sum += ((2 * m * n + c1) * (2 * covariance + c2)) / ((m * m + n * n + c1) * (variances + c2))
  }
  return sum / ma.length
}

/** In steps of 1 / 255, halves to even; what lies outside of 0..1 stays there. */
const stepped = (data: Float32Array) => data.map(v => rint(Math.fround(255 * v)) / 255)

export interface MiddleFidelity {
  /** In dB; Infinity where the two are equal. */
  psnr: number
  ssim: number
  /** Interpolation error: mean absolute difference, of 255. */
  ie: number
}

/** How close a frame [1, 3, h, w], which may lie outside of 0..1, comes to the true one of its size. */
export const middleFidelity = (truth: Picture, made: Frame): MiddleFidelity => {
  const bytes = toPicture(made)
  const differences = truth.data.reduce((sum, v, i) => sum + Math.abs(v - bytes.data[i]), 0)
  return {
    psnr: psnrOf(truth, bytes, rgb),
    ssim: volumeSsim(toFrame(truth).data, stepped(made.data), sizeOf(made)),
    ie: differences / truth.data.length
  }
}

/** Of a data set: the plain means of its pictures'. */
export const meanFidelity = (all: readonly MiddleFidelity[]): MiddleFidelity => {
  const mean = (f: (one: MiddleFidelity) => number) => all.reduce((sum, one) => sum + f(one), 0) / all.length
  return { psnr: mean(one => one.psnr), ssim: mean(one => one.ssim), ie: mean(one => one.ie) }
}
