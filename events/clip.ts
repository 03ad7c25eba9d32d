import { z } from 'zod'

/** A fraction such as 30000/1001; the denominator is positive. */
const rational = z.strictObject({ num: z.int(), den: z.int().positive() })
export type Rational = z.infer<typeof rational>

/** Seconds of a time stamp that counts in `timeBase`. */
export const seconds = (pts: number, timeBase: Rational) => (pts * timeBase.num) / timeBase.den

/** What probing found out about a clip. Sizes are in pixels, time stamps count in `video.timeBase`. */
export const clipFacts = z.strictObject({
  container: z.string(),
  bytes: z.int(),
  video: z.strictObject({
    codec: z.string(),
    /** As people see it: turned upright, with square pixels. */
    width: z.int().positive(),
    height: z.int().positive(),
    /** Clockwise turn that the source asks for; already applied to `width` and `height`. */
    rotation: z.literal([0, 90, 180, 270]),
    timeBase: rational,
    frames: z.int().positive(),
    /**
     * Frames that the container promises and the file lacks because it is cut off; estimated in Matroska. Containers
     * without an index (transport streams) promise none.
     */
    missingAtEnd: z.int().nonnegative(),
    /** Time stamp of the first frame, and of the end of the last. */
    start: z.int(),
    end: z.int(),
    /** Average frames a second. */
    frameRate: rational,
    /** Whether frames lie unevenly in time. */
    variable: z.boolean(),
    /** Colour description of the source (H.273 names as FFmpeg gives them), for results that must look equal. */
    colour: z.strictObject({
      space: z.string(),
      primaries: z.string(),
      transfer: z.string(),
      range: z.enum(['limited', 'full'])
    })
  }),
  audio: z.strictObject({ codec: z.string(), channels: z.int(), sampleRate: z.int() }).optional()
})
export type ClipFacts = z.infer<typeof clipFacts>

/** A run of consecutive frames, by index in order of presentation. */
export const segment = z.strictObject({
  index: z.int().nonnegative(),
  firstFrame: z.int().nonnegative(),
  frames: z.int().positive(),
  /** Time stamps of the first frame and of the first frame behind the segment (absent in the last). */
  from: z.int(),
  until: z.int().optional(),
  /** Time stamp of the key frame at which the decoder enters; at or before `from`. */
  entry: z.int()
})
export type Segment = z.infer<typeof segment>

export const pictureFormat = z.enum(['jpeg', 'png'])
export type PictureFormat = z.infer<typeof pictureFormat>

/** Finds each frame of a segment in its file of pictures, which stand there one behind the other. */
export const frameTable = z.strictObject({
  segment: z.int().nonnegative(),
  format: pictureFormat,
  width: z.int().positive(),
  height: z.int().positive(),
  timeBase: rational,
  frames: z.array(
    z.strictObject({
      index: z.int().nonnegative(),
      pts: z.int(),
      /** Bytes [offset, offset + bytes) of the pictures' file. */
      offset: z.int().nonnegative(),
      bytes: z.int().positive()
    })
  ),
  /** Indices of frames that are damaged beyond decoding; each shows its neighbour's picture. */
  repeated: z.array(z.int().nonnegative()).optional()
})
export type FrameTable = z.infer<typeof frameTable>

/**
 * What an overlay draws on a frame, in order. Coordinates are pixels of the upright source; colours are [r, g, b] in 0..255.
 */
export type Shape =
  | { kind: 'box'; x: number; y: number; width: number; height: number; colour: Colour; label?: string }
  | { kind: 'path'; points: [x: number, y: number][]; colour: Colour }
export type Colour = [red: number, green: number, blue: number]
