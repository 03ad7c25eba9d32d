import { z } from 'zod'
import { bicubic, bicubicValues, tapsOf, type Scaling } from '../../models/maxsr/bicubic.ts'
import type { Picture } from '../../models/picture.ts'
import {
  compare,
  deviationOf,
  filled,
  goldenStage,
  incomparable,
  stepsForm,
  worst
} from '../../models/golden/index.ts'
import { fidelity, gaussianOf, luma, rgb, roundedLuma, type Fidelity } from './fidelity.ts'
import { bicubicBaseline, cropped, lowResolution, meanOf } from './protocol.ts'

/** Sums of float64. */
const exact = 1e-12
/** Golden values have eight digits. */
const printed = 1e-5

const size = z.int().positive()
const number = z.number()
const list = z.array(number).min(1)
const figures = z.object({ psnr_y: number, ssim_y: number, psnr_rgb: number, ssim_rgb: number })

const pairGolden = z.looseObject({
  images: z.object({ a: list, b: list, shape: z.tuple([size, size, z.literal(3)]) }),
  y_of_a: goldenStage,
  crop_0: figures,
  'gauss_11_1.5': list,
  /** By scale: factors, and what divides 1. */
  imresize_of_a: filled(
    z.object({
      axis24_indices_row1: list,
      axis24_weights_row1: list,
      shape: z.tuple([size, size, z.literal(3)]),
      double: goldenStage,
      uint8_like_matlab: goldenStage
    })
  )
})

/** Largest distance of the elements that the golden stage holds. */
const distance = (values: ArrayLike<number>, { samples, values: all }: z.infer<typeof goldenStage>) =>
  (samples ?? all?.map((v, i) => [i, v] as const) ?? [[0, NaN]]).reduce(
    (most, [i, v]) => Math.max(most, Math.abs(values[i] - v)),
    0
  )

function* checkPair(golden: z.infer<typeof pairGolden>) {
  const [height, width] = golden.images.shape
  const [a, b] = [golden.images.a, golden.images.b].map(data => ({
    data: Uint8Array.from(data),
    width,
    height
  })) as [Picture, Picture]
  const [y] = luma(a, 0)
  yield compare('y_of_a', golden.y_of_a, {
    dtype: 'float32',
    shape: [height, width, 1],
    data: Float32Array.from(y.values)
  })
  yield deviationOf('gaussian', worst([...gaussianOf(11)], golden['gauss_11_1.5']), exact)

  for (const [name, value] of Object.entries(golden)) {
    const [, border] = /^crop_(\d+)$/.exec(name) ?? []
    if (border === undefined) continue
    const theirs = figures.safeParse(value)
    if (!theirs.success) {
      yield incomparable(name, 'it has not the figures that are expected')
      continue
    }
    const [y, all] = [luma, rgb].map(planes => fidelity(a, b, Number(border), planes))
    yield deviationOf(`${name} psnr_y`, worst(y.psnr, theirs.data.psnr_y), exact)
    yield deviationOf(`${name} ssim_y`, worst(y.ssim, theirs.data.ssim_y), exact)
    yield deviationOf(`${name} psnr_rgb`, worst(all.psnr, theirs.data.psnr_rgb), exact)
    yield deviationOf(`${name} ssim_rgb`, worst(all.ssim, theirs.data.ssim_rgb), exact)
  }

  for (const [scale, resized] of Object.entries(golden.imresize_of_a)) {
    const s = Number(scale)
    const scaling: Scaling =
      s > 1 ? { factor: s, direction: 'up' } : { factor: Math.round(1 / s), direction: 'down' }
    const { count, indices, weights } = tapsOf(24, scaling)
    yield deviationOf(
      `x${scale} indices`,
      worst([...indices.subarray(count, 2 * count)], resized.axis24_indices_row1),
      0
    )
    yield deviationOf(
      `x${scale} weights`,
      worst([...weights.subarray(count, 2 * count)], resized.axis24_weights_row1),
      exact
    )
    const real = bicubicValues(a, scaling, value => value)
    const bytes = bicubic(a, scaling)
    yield deviationOf(`x${scale} shape`, worst([bytes.height, bytes.width, 3], resized.shape), 0)
    yield deviationOf(`x${scale} real`, distance(real.values, resized.double), printed)
    yield deviationOf(`x${scale} bytes`, distance(bytes.data, resized.uint8_like_matlab), 0)
  }
}

/** The form of the golden file of PSNR, SSIM and resizing; the file states no system. */
export const fidelityGolden = stepsForm('', ['images', 'y_of_a', 'imresize_of_a'], pairGolden, checkPair)

/** What the file has of one picture at one factor. */
const pictureGolden = z.object({
  /** Height, width. */
  lr_hw: z.tuple([size, size]),
  hr_hw: z.tuple([size, size]),
  /** How many values of the published low resolution are others. */
  uint8_path_differs: number,
  bicubic_up_psnr_y: number,
  bicubic_up_ssim_y: number,
  bicubic_up_psnr_rounded_y: number,
  bicubic_up_ssim_rounded_y: number
})
const meansGolden = z.object({
  psnr_y: number,
  ssim_y: number,
  psnr_rounded_y: number,
  ssim_rounded_y: number
})

/** By `<picture>_x<factor>`, and by `mean_x<factor>`. */
const setGolden = z.record(z.string(), z.union([z.string(), pictureGolden, meansGolden]))

/** Gives pictures of Set5 and their published low resolution, or undefined where they are not at hand. */
interface Set5 {
  picture: (name: string) => Promise<Picture | undefined>
  low: (name: string, factor: number) => Promise<Picture | undefined>
}

async function* checkSet(golden: z.infer<typeof setGolden>, pictures?: Set5) {
  const scores = new Map<string, { exact: Fidelity; rounded: Fidelity }[]>()
  for (const [name, theirs] of Object.entries(golden)) {
    const [, picture, scale] = /^(\w+)_x(\d+)$/.exec(name) ?? []
    if (scale === undefined || typeof theirs === 'string') continue
    const factor = Number(scale)
    if ('psnr_y' in theirs) {
      const all = scores.get(scale)
      if (!all) {
        yield { stage: name, skipped: 'needs the pictures of Set5' }
        continue
      }
      const [exactly, rounded] = [meanOf(all.map(s => s.exact)), meanOf(all.map(s => s.rounded))]
      yield* compareFigures(name, exactly, theirs.psnr_y, theirs.ssim_y)
      yield* compareFigures(`${name} rounded`, rounded, theirs.psnr_rounded_y, theirs.ssim_rounded_y)
      continue
    }
    const whole = await pictures?.picture(picture)
    const published = await pictures?.low(picture, factor)
    if (!whole || !published) {
      yield { stage: name, skipped: `needs ${picture} of Set5` }
      continue
    }
    const truth = cropped(whole, factor)
    const low = lowResolution(truth, factor)
    yield deviationOf(
      `${name} sizes`,
      worst(
        [
          [whole.height, whole.width],
          [low.height, low.width]
        ],
        [theirs.hr_hw, theirs.lr_hw]
      ),
      0
    )
    const others = low.data.filter((v, i) => v !== published.data[i]).length
    yield deviationOf(`${name} low resolution`, worst(others, theirs.uint8_path_differs), 0)
    const enlarged = bicubicBaseline(low, factor)
    const score = {
      exact: fidelity(enlarged, truth, factor, luma),
      rounded: fidelity(enlarged, truth, factor, roundedLuma)
    }
    scores.set(scale, [...(scores.get(scale) ?? []), score])
    yield* compareFigures(name, score.exact, theirs.bicubic_up_psnr_y, theirs.bicubic_up_ssim_y)
    yield* compareFigures(
      `${name} rounded`,
      score.rounded,
      theirs.bicubic_up_psnr_rounded_y,
      theirs.bicubic_up_ssim_rounded_y
    )
  }
}

function* compareFigures(name: string, { psnr, ssim }: Fidelity, theirPsnr: number, theirSsim: number) {
  yield deviationOf(`${name} psnr_y`, worst(psnr, theirPsnr), exact)
  yield deviationOf(`${name} ssim_y`, worst(ssim, theirSsim), exact)
}

/** The form of the golden file of bicubic's figures on Set5; what `pictures` cannot give is skipped. */
export const set5Golden = (pictures?: Set5) =>
  stepsForm('', ['mean_x2'], setGolden, golden => checkSet(golden, pictures))
