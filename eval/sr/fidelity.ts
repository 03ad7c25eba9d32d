/** PSNR and SSIM as BasicSR computes them (specification of the metrics, section C). */
import type { Picture } from '../../models/picture.ts'

/** Values 0..255, row by row. */
export interface Plane {
  values: Float64Array
  width: number
  height: number
}

/** What of the pictures is compared: one plane or several, without `border` pixels on every side. */
export type PlanesOf = (picture: Picture, border: number) => Plane[]

/** A plane of what `value` makes of red, green, blue. */
const plane = (
  { data, width, height }: Picture,
  border: number,
  value: (r: number, g: number, b: number) => number
): Plane => {
  const [w, h] = [width - 2 * border, height - 2 * border]
  const values = new Float64Array(w * h)
  for (let y = 0, to = 0; y < h; y++) {
    let from = 3 * ((y + border) * width + border)
    for (let x = 0; x < w; x++, from += 3) values[to++] = value(data[from], data[from + 1], data[from + 2])
  }
  return { values, width: w, height: h }
}

/** By byte, in 0..1, in float32 as the official tool has it, which shows where Y is rounded. */
const unit = Float32Array.from({ length: 256 }, (_, v) => v / 255)

const yOf = (r: number, g: number, b: number) =>
  Math.fround(Math.fround((65.481 * unit[r] + 128.553 * unit[g] + 24.966 * unit[b] + 16) / 255) * 255)

/** Y of BT.601 in 16..235, with its fractions. */
export const luma: PlanesOf = (picture, border) => [plane(picture, border, yOf)]

/** Y in whole numbers, as MATLAB's rgb2ycbcr makes it of bytes and older papers measure it. */
export const roundedLuma: PlanesOf = (picture, border) => [
  plane(picture, border, (r, g, b) => Math.round(yOf(r, g, b)))
]

export const rgb: PlanesOf = (picture, border) => [
  plane(picture, border, r => r),
  plane(picture, border, (_, g) => g),
  plane(picture, border, (_r, _g, b) => b)
]

const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length

const meanSquare = (a: Plane, b: Plane) =>
  a.values.reduce((sum, v, i) => sum + (v - b.values[i]) ** 2, 0) / a.values.length

/** Side of SSIM's window. */
export const windowSide = 11
const sigma = 1.5

/** Weights of a window along an axis, which add up to 1; the largest is that of `side` / 2, rounded down. */
export const gaussianOf = (side: number) => {
  const taps = Float64Array.from({ length: side }, (_, i) =>
    Math.exp(-((i - Math.floor(side / 2)) ** 2) / (2 * sigma ** 2))
  )
  const total = taps.reduce((a, b) => a + b)
  return taps.map(v => v / total)
}

const gaussian = gaussianOf(windowSide)

/** Weighted means over the window, wherever it fits: [h, w] -> [h - 10, w - 10]. */
const smooth = (values: Float64Array, width: number, height: number) => {
  const [w, h] = [width - windowSide + 1, height - windowSide + 1]
  const narrow = new Float64Array(height * w)
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < w; x++, to++)
      for (let k = 0; k < windowSide; k++) narrow[to] += gaussian[k] * values[y * width + x + k]
  const out = new Float64Array(h * w)
  for (let y = 0, to = 0; y < h; y++)
    for (let x = 0; x < w; x++, to++)
      for (let k = 0; k < windowSide; k++) out[to] += gaussian[k] * narrow[(y + k) * w + x]
  return out
}

const c1 = (0.01 * 255) ** 2
const c2 = (0.03 * 255) ** 2

const ssimOf = (a: Plane, b: Plane) => {
  const means = (f: (i: number) => number) =>
    smooth(
      a.values.map((_, i) => f(i)),
      a.width,
      a.height
    )
  const [x, y] = [a.values, b.values]
  const [mx, my] = [means(i => x[i]), means(i => y[i])]
  const [xx, yy, xy] = [means(i => x[i] ** 2), means(i => y[i] ** 2), means(i => x[i] * y[i])]
  return mean(
    mx.map((m, i) => {
      const n = my[i]
      const variances = xx[i] - m * m + (yy[i] - n * n)
      const covariance = xy[i] - m * n
      return ((2 * m * n + c1) * (2 * covariance + c2)) / ((m * m + n * n + c1) * (variances + c2))
    })
  )
}

export interface Fidelity {
  /** In dB; Infinity where the two are equal. */
  psnr: number
  ssim: number
}

const pairsOf = (a: Picture, b: Picture, border: number, planes: PlanesOf) => {
  const theirs = planes(b, border)
  const pairs = planes(a, border).map((own, i) => [own, theirs[i]] as const)
  return (f: (one: Plane, other: Plane) => number) =>
    pairs.reduce((sum, pair) => sum + f(...pair), 0) / pairs.length
}

const decibels = (meanSquare: number) => 10 * Math.log10(255 ** 2 / meanSquare)

/** In dB, over all planes of two pictures of one size; Infinity where they are equal. */
export const psnrOf = (a: Picture, b: Picture, planes: PlanesOf): number =>
  decibels(pairsOf(a, b, 0, planes)(meanSquare))

/**
 * How close two pictures of one size are, over all planes; without their borders they are at least 11 pixels wide and
 * high.
 */
export const fidelity = (a: Picture, b: Picture, border: number, planes: PlanesOf): Fidelity => {
  const average = pairsOf(a, b, border, planes)
  return { psnr: decibels(average(meanSquare)), ssim: average(ssimOf) }
}
