/** How super-resolution is measured (specification of the metrics, sections C and D): from truth to figures. */
import { bicubic } from '../../models/maxsr/bicubic.ts'
import type { Picture, Size } from '../../models/picture.ts'
import { fidelity, windowSide, type Fidelity, type PlanesOf } from './fidelity.ts'

/** The picture without what its sides have beyond a multiple of `factor`, at the right and the lower end. */
export const cropped = ({ data, width, height }: Picture, factor: number): Picture => {
  const [w, h] = [width - (width % factor), height - (height % factor)]
  const rows = Array.from({ length: h }, (_, y) => data.subarray(3 * y * width, 3 * (y * width + w)))
  return { data: Buffer.concat(rows), width: w, height: h }
}

/** Whether enough of a picture is left to be measured when its border is cut. */
export const isMeasurable = ({ width, height }: Size, factor: number) =>
  Math.min(width, height) - (Math.min(width, height) % factor) - 2 * factor >= windowSide

/** The low resolution of a picture whose sides are multiples of `factor`. */
export const lowResolution = (truth: Picture, factor: number) => bicubic(truth, { factor, direction: 'down' })

/** What everybody compares with. */
export const bicubicBaseline = (low: Picture, factor: number) => bicubic(low, { factor, direction: 'up' })

/**
 * How close `enlarge` comes to a picture when it is given the low resolution of it, without `factor` pixels on every
 * side.
 */
export const evaluateEnlarging = async (
  picture: Picture,
  factor: number,
  planes: PlanesOf,
  enlarge: (low: Picture, factor: number) => Picture | Promise<Picture>
): Promise<Fidelity> => {
  const truth = cropped(picture, factor)
  return fidelity(await enlarge(lowResolution(truth, factor), factor), truth, factor, planes)
}

/** A data set's figures are the plain means of its pictures'. */
export const meanOf = (all: readonly Fidelity[]): Fidelity => {
  const mean = (f: (one: Fidelity) => number) => all.reduce((sum, one) => sum + f(one), 0) / all.length
  return { psnr: mean(one => one.psnr), ssim: mean(one => one.ssim) }
}
