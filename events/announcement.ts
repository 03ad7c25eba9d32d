import { z } from 'zod'

/** `clip` is the job's name of the clip, `key` where it lies in the uploads bucket. */
const about = {
  job: z.string(),
  task: z.string(),
  clip: z.string(),
  key: z.string(),
  at: z.iso.datetime()
}
/** Of a job's end; `missingAtEnd` where the clip is cut off, as in clip.ts. */
const end = { manifest: z.string(), missingAtEnd: z.int().positive().optional() }
/** A fault as it stands in announcements and error objects: see faults.ts. */
export const faultRecord = z.strictObject({
  code: z.string(),
  message: z.string(),
  next: z.string(),
  details: z.record(z.string(), z.unknown())
})

export const missingFrames = z.strictObject({ first: z.int(), last: z.int(), fault: faultRecord })
export type MissingFrames = z.infer<typeof missingFrames>

/** On a bus, progress of a step over a segment is told at most once in so many seconds, since each event costs. */
export const busProgressSeconds = 15

/** What clipmill tells the world, at least once each; but for progress, `job` and `type` identify it. */
export const announcement = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('job.accepted'), ...about }),
  z.strictObject({ type: z.literal('job.started'), ...about, frames: z.int(), segments: z.int() }),
  /** Frames that one step has finished of one segment so far. */
  z.strictObject({
    type: z.literal('job.progress'),
    ...about,
    step: z.string(),
    segment: z.int(),
    frames: z.int()
  }),
  /** Comes after the manifest is written. */
  z.strictObject({ type: z.literal('job.completed'), ...about, ...end }),
  /** Some frames are missing; `missing` holds first and last of each run of them. */
  z.strictObject({
    type: z.literal('job.partial'),
    ...about,
    ...end,
    missing: z.array(missingFrames).min(1)
  }),
  z.strictObject({ type: z.literal('job.failed'), ...about, fault: faultRecord }),
  /** Somebody wanted it stopped. */
  z.strictObject({ type: z.literal('job.cancelled'), ...about }),
  /** An upload that no job came of. */
  z.strictObject({
    type: z.literal('upload.refused'),
    bucket: z.string(),
    key: z.string(),
    at: z.iso.datetime(),
    fault: faultRecord
  })
])
export type Announcement = z.infer<typeof announcement>
