import { z } from 'zod'
import { clipFacts, pictureFormat } from './clip.ts'

/** How a clip will be worked through. The segments stand one a line in a file of their own, since there may be many. */
export const plan = z.strictObject({
  job: z.string(),
  clip: clipFacts,
  /** Pictures that decoding makes. */
  pictures: z.strictObject({
    format: pictureFormat,
    longSide: z.int().positive(),
    width: z.int().positive(),
    height: z.int().positive()
  }),
  segments: z.int().positive(),
  /** Dollars that the job is expected to cost, where it runs in an account. */
  estimate: z.number().optional()
})
export type Plan = z.infer<typeof plan>
