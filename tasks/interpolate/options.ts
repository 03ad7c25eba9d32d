import { z } from 'zod'
import type { ClipFacts } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { catalogue, type FindModel } from '../../models/catalogue/index.ts'
import type { Rate } from './times.ts'

/** What a person may ask of `interpolate`. */
export const options = z.object({
  factor: z
    .int()
    .min(2)
    .max(8)
    .optional()
    .describe('how many times as many frames: 2, 4 or 8; default: 2, unless a rate is given'),
  rate: z
    .string()
    .regex(/^[1-9]\d{0,5}(\/[1-9]\d{0,4})?$/, 'wanted are frames a second, such as 60 or 60000/1001')
    .optional()
    .describe('an even rate instead: frames a second, such as 60 or 60000/1001')
    .meta({ value: 'frames a second' }),
  sceneCut: z
    .number()
    .min(0)
    .max(1)
    .default(0.15)
    .describe(
      'from which difference of brightness on two frames show different scenes, between which nothing is made; 1: never'
    ),
  augmented: z
    .boolean()
    .default(false)
    .describe(
      'take the mean of four passes, with time reversed and frames turned: a little better, four times as long'
    ),
  model: z.string().default('dqbc').describe('weights: clipmill models ls lists them')
})

export type Options = Omit<z.output<typeof options>, 'factor' | 'rate'> & { rate: Rate }

const refuse = (problem: string) => new Fault('options-invalid', { task: 'interpolate', problems: [problem] })

/** @throws Fault options-invalid */
export const completeOptions = (given: Record<string, unknown>, findModel: FindModel): Options => {
  const { factor, rate, ...asked } = options.parse(given)
  if (factor !== undefined && rate !== undefined)
    throw refuse('rate: a factor is given too; leave one of them out')
  if (factor !== undefined && ![2, 4, 8].includes(factor)) throw refuse('factor: it is 2, 4 or 8')
  const system = findModel(asked.model)?.system
  if (system !== 'dqbc') {
    const names = catalogue.filter(weights => weights.system === 'dqbc').map(({ name }) => name)
    throw refuse(
      `model: ${system === undefined ? `there are no weights "${asked.model}"` : `${asked.model} is ${system}, which makes no frames`}; there are ${names.join(', ')}, and your own: clipmill models ls`
    )
  }
  const [num, den = 1] = (rate ?? '').split('/').map(Number)
  return {
    ...asked,
    rate: rate === undefined ? { factor: (factor ?? 2) as 2 | 4 | 8 } : { num, den }
  }
}

/** Pixels of a frame for which the memory of a function suffices. */
const mostPixels = 1920 * 1088

/** @throws Fault limit-exceeded */
export const checkOptions = (_: Options, { video: { width, height } }: ClipFacts) => {
  if (width * height > mostPixels)
    throw new Fault('limit-exceeded', {
      clip: 'the clip',
      what: 'pixels a frame',
      value: width * height,
      limit: mostPixels
    })
}
