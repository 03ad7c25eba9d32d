import { z } from 'zod'
import { clamped, toFrame, toPicture, type Frame } from '../../models/dqbc/frame.ts'
import { deviationOf, input1, inputU8, stepsForm, worst } from '../../models/golden/index.ts'
import type { Picture } from '../../models/picture.ts'
import { gaussianOf } from '../sr/fidelity.ts'
import { middleFidelity, volumeSsim } from './fidelity.ts'

/** Sums of float64. */
const exact = 1e-12
/** The authors' weights and sums of float32. */
const single = 5e-6

const number = z.number()
const size = z.int().positive()
const list = z.array(number).min(1)

const vfiGolden = z.object({
  gaussian11: list,
  gaussian8: list,
  cases: z
    .array(
      z.object({
        name: z.string(),
        h: size,
        w: size,
        amp: number,
        over: number,
        psnr: number,
        psnr_unquantised: number,
        ie: number,
        ssim3d: number,
        ssim3d_unquantised: number,
        rounded_sum: number,
        gt_first: list,
        pred_first: list
      })
    )
    .min(1)
})
type Case = z.infer<typeof vfiGolden>['cases'][number]

/** The true picture and the frame that a case is about; its rule stands in the file. */
const subjectsOf = ({ name, h, w, amp, over }: Case): { truth: Picture; made: Frame } => {
  const shape = [h, w, 3]
  const noise = inputU8(`metrics.${name}.gt`, shape).data as Uint8Array
  const block = (i: number) => 4 * Math.floor(i / 4)
  const at = (y: number, x: number, channel: number) => noise[3 * (y * w + x) + channel]
  const data =
    amp < 1
      ? noise.map((_, i) => at(block(Math.floor(i / 3 / w)), block(Math.floor(i / 3) % w), i % 3))
      : noise
  const truth = { data: Uint8Array.from(data), width: w, height: h }
  const d = input1(`metrics.${name}.d`, shape).data as Float32Array
  const made = toFrame(truth)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < h * w; i++) {
      const from = 3 * i + channel
      made.data[channel * h * w + i] = truth.data[from] / 255 + ((d[from] / 1.7) * amp) / 10 + over
    }
  return { truth, made }
}

const unquantisedPsnr = (truth: Frame, { data }: Frame) =>
  -10 * Math.log10(truth.data.reduce((sum, v, i) => sum + (v - data[i]) ** 2, 0) / data.length)

/** Of the first two pixels. */
const firstOf = ({ data }: Picture) => [...data.subarray(0, 6)]

function* checkVfi({ gaussian11, gaussian8, cases }: z.infer<typeof vfiGolden>) {
  yield deviationOf('gaussian11', worst([...gaussianOf(11)], gaussian11), single)
  yield deviationOf('gaussian8', worst([...gaussianOf(8)], gaussian8), single)
  for (const golden of cases) {
    const { name, h: height, w: width } = golden
    const { truth, made } = subjectsOf(golden)
    const bytes = toPicture(made)
    yield deviationOf(`${name} gt_first`, worst(firstOf(truth), golden.gt_first), 0)
    const sum = bytes.data.reduce((a, b) => a + b, 0)
    yield deviationOf(`${name} rounded_sum`, worst(sum, golden.rounded_sum), 0)
    const { psnr, ie, ssim } = middleFidelity(truth, made)
    yield deviationOf(`${name} psnr`, worst(psnr, golden.psnr), exact)
    yield deviationOf(`${name} ie`, worst(ie, golden.ie), exact)
    yield deviationOf(`${name} ssim3d`, worst(ssim, golden.ssim3d), single)
    const whole = toFrame(truth)
    yield deviationOf(
      `${name} psnr_unquantised`,
      worst(unquantisedPsnr(whole, clamped(made)), golden.psnr_unquantised),
      single
    )
    yield deviationOf(
      `${name} ssim3d_unquantised`,
      worst(volumeSsim(whole.data, made.data, { width, height }), golden.ssim3d_unquantised),
      single
    )
    yield { stage: `${name} ssim2d`, skipped: 'no benchmark of interpolation takes it' }
  }
}

/** The form of the golden file of the measures of interpolation. */
export const vfiGoldenForm = stepsForm('metrics-vfi', ['cases'], vfiGolden, checkVfi)
