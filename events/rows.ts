import { z } from 'zod'

/** x, y of the top left corner, width, height; pixels of the upright source. */
const box = z.tuple([z.number(), z.number(), z.number(), z.number()])

/** What a detector saw on one frame, by descending score. */
export const detectionRow = z.strictObject({
  frame: z.int().nonnegative(),
  objects: z.array(z.strictObject({ box, score: z.number(), class: z.string() }))
})
export type DetectionRow = z.infer<typeof detectionRow>

/** Who is where on one frame. Ids count from 1 within a clip. */
export const trackRow = z.strictObject({
  frame: z.int().nonnegative(),
  objects: z.array(z.strictObject({ id: z.int().positive(), box, score: z.number(), class: z.string() }))
})
export type TrackRow = z.infer<typeof trackRow>

/** Where each target is on one frame, in the order in which they were given; none where nobody looked. */
export const targetRow = z.strictObject({
  frame: z.int().nonnegative(),
  targets: z.array(
    z.strictObject({
      /** Counts from 1, in the order of the given boxes. */
      id: z.int().positive(),
      box,
      /** How sure the tracker is, 0..1. */
      score: z.number(),
      /** The score is below what the options ask for: the target may be out of the picture or behind something. */
      lost: z.boolean(),
      /** The box that a person gave, on the frame that it was given for. */
      given: z.literal(true).optional()
    })
  )
})
export type TargetRow = z.infer<typeof targetRow>

/** What was made of one frame, for a video that is a result. */
export const madeRow = z.strictObject({
  frame: z.int().nonnegative(),
  /** Pictures of the video that begin with this frame and end before the next. */
  pictures: z.int().nonnegative(),
  /** Seconds by which what they show is off the time that they stand for, at most. */
  deviation: z.number().nonnegative().optional(),
  /** The next frame shows something else, so nothing was made between the two. */
  cut: z.literal(true).optional()
})
export type MadeRow = z.infer<typeof madeRow>

/** Rows of one stage for one segment: one row a frame, in order. */
export const rowsOf = <Row extends z.ZodType>(row: Row) =>
  z.strictObject({ stage: z.string(), segment: z.int().nonnegative(), rows: z.array(row) })
