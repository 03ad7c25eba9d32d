import { z } from 'zod'

/** What is said of licences, each for itself; "unknown" where nobody states one. */
const licence = z.strictObject({ code: z.string(), weights: z.string(), data: z.string() })
export type Licence = z.infer<typeof licence>

/** A built model: stands beside its files, and in the manifest of every job that ran it. */
export const modelRecord = z.strictObject({
  model: z.string(),
  system: z.string(),
  variant: z.string(),
  digest: z.string(),
  weights: z.strictObject({ sha256: z.string(), source: z.string(), licence })
})
export type ModelRecord = z.infer<typeof modelRecord>
