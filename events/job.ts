import { z } from 'zod'
import { upload } from './upload.ts'

/** Options of a task as a person gives them; each task's own schema decides. */
const options = z.record(z.string(), z.json())

/** What a job may be at most, beside what the deployment allows; one that would be more ends before anything is decoded. */
const limits = z.strictObject({
  frames: z.int().positive().optional(),
  /** Dollars that it is expected to cost; on one machine it costs none. */
  cost: z.number().positive().optional()
})
export type Limits = z.infer<typeof limits>

/** `….job.json`, put into the uploads bucket: which clip there, which tasks, which options. */
export const ticket = z.strictObject({
  /** Key of the clip in the same bucket. */
  clip: z.string().min(1).max(1024),
  tasks: z
    .array(z.strictObject({ task: z.string(), options: options.default({}), limits: limits.optional() }))
    .min(1)
    .max(20)
})
export type Ticket = z.infer<typeof ticket>

/** `name.mp4.json` beside `<task>/…/name.mp4`: the options and limits of that clip's job. */
export const sideFile = z.strictObject({ options: options.default({}), limits: limits.optional() })

/** One clip through one task with one set of options. */
export const job = z.strictObject({
  /** Follows from upload, task, options, limits, models and our version: the same request is the same job. */
  id: z.string().regex(/^[a-z-]+-[0-9a-f]{24}$/),
  task: z.string(),
  clip: upload,
  /** What people call the clip: its key without the folder that says what it is. */
  name: z.string(),
  /** Complete: every default is filled in. */
  options,
  limits: limits.optional(),
  /** Digest of the built model of each stage that has one. */
  models: z.record(z.string(), z.string()),
  /** Prefix of the results' keys in the results bucket: `<task>/<name>/<hash of the id>/`. */
  results: z.string().endsWith('/')
})
export type Job = z.infer<typeof job>
