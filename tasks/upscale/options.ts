import { z } from 'zod'
import type { ClipFacts } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import type { FindModel } from '../../models/catalogue/index.ts'
import { maxsrModels, type Factor } from '../../models/maxsr/variants.ts'

/** What a person may ask of `upscale`. */
export const options = z.object({
  model: z
    .string()
    .describe('weights of MaxSR of your own: none are published; clipmill models import takes them'),
  scale: z
    .int()
    .min(2)
    .max(8)
    .optional()
    .describe('how many times as wide and high: what the weights were trained for, which is the default')
})

export interface Options {
  model: string
  scale: Factor
  /** Not the light network. */
  large: boolean
}

const refuse = (problem: string) => new Fault('options-invalid', { task: 'upscale', problems: [problem] })

/** @throws Fault options-invalid */
export const completeOptions = (given: Record<string, unknown>, findModel: FindModel): Options => {
  const { model, scale } = options.parse(given)
  const found = findModel(model)
  if (found?.system !== 'maxsr')
    throw refuse(
      `model: ${found ? `${model} is ${found.system}, which enlarges nothing` : `there are no weights "${model}"`}; nobody publishes any for MaxSR: import your own, see clipmill models import --help`
    )
  const { factor } = maxsrModels[found.variant as keyof typeof maxsrModels]
  if (scale !== undefined && scale !== factor)
    throw refuse(`scale: ${model} was trained to enlarge ${factor} times, not ${scale} times`)
  return { model, scale: factor, large: !found.variant.startsWith('maxsr-light') }
}

/** What H.264 and players take, and a picture's bytes in memory. */
const limits = { side: 8192, pixels: 36e6 }

/** @throws Fault limit-exceeded */
export const checkOptions = ({ scale }: Options, { video }: ClipFacts) => {
  const [width, height] = [scale * video.width, scale * video.height]
  const clip = 'the enlarged clip'
  if (Math.max(width, height) > limits.side)
    throw new Fault('limit-exceeded', {
      clip,
      what: 'pixels a side',
      value: Math.max(width, height),
      limit: limits.side
    })
  if (width * height > limits.pixels)
    throw new Fault('limit-exceeded', {
      clip,
      what: 'pixels a frame',
      value: width * height,
      limit: limits.pixels
    })
}
