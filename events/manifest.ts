import { z } from 'zod'
import { missingFrames } from './announcement.ts'
import { clipFacts } from './clip.ts'
import { job } from './job.ts'
import { modelRecord } from './model.ts'

/** Written beside the results when all of them are there: what ran, on what, with which weights, how long. */
export const manifest = z.strictObject({
  job,
  clip: clipFacts,
  frames: z.int().nonnegative(),
  /** Frames that could not be decoded and show their neighbour's picture: first and last of each run. */
  repeated: z.array(z.strictObject({ first: z.int(), last: z.int() })),
  /** Frames that results are lacking for: first and last of each segment that was given up, and why. */
  missing: z.array(missingFrames),
  versions: z.record(z.string(), z.string()),
  models: z.array(modelRecord.extend({ stage: z.string() })),
  /** Time that the invocations of each step took, added up; frames that they handled. */
  timings: z.array(
    z.strictObject({
      step: z.string(),
      seconds: z.number(),
      invocations: z.int(),
      frames: z.int(),
      /** Of these, within the model's runs. */
      modelSeconds: z.number().optional()
    })
  ),
  /** Where the job ran in an account; on one machine it costs nothing. */
  cost: z
    .strictObject({
      currency: z.literal('USD'),
      /** Date of the prices. */
      prices: z.iso.date(),
      /** What was expected before anything was decoded. */
      estimate: z.number(),
      /** By what the invocations took; see docs/costs.md for what is in it. */
      actual: z.number()
    })
    .optional(),
  files: z.array(z.strictObject({ name: z.string(), format: z.string(), bytes: z.int(), sha256: z.string() }))
})
export type Manifest = z.infer<typeof manifest>
