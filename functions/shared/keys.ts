import { createHash } from 'node:crypto'

const number = (segment: number) => String(segment).padStart(6, '0')

/** Names of a job's work in progress in the results bucket. They follow from the job alone, so a retry writes the same ones. */
export const keys = (job: string) => {
  const under = (name: string) => `jobs/${job}/${name}`
  return {
    job: under('job.json'),
    plan: under('plan.json'),
    /** One segment a line. */
    segments: under('segments.jsonl'),
    sound: under('sound.mka'),
    frames: (segment: number) => under(`pictures/${number(segment)}.json`),
    pictures: (segment: number) => under(`pictures/${number(segment)}.bin`),
    rows: (stage: string, segment: number) => under(`rows/${stage}/${number(segment)}.json`),
    /** Prefix of all rows of a stage. */
    rowsOf: (stage: string) => under(`rows/${stage}/`),
    /** Pictures that a stage made for a video, and where each of them lies. */
    made: (stage: string, segment: number) => under(`made/${stage}/${number(segment)}.bin`),
    madeTable: (stage: string, segment: number) => under(`made/${stage}/${number(segment)}.json`),
    madeOf: (stage: string) => under(`made/${stage}/`),
    /** The state with which a fold leaves a segment. */
    state: (stage: string, segment: number) => under(`state/${stage}/${number(segment)}.bin`),
    /** What a fold had after so many frames of a segment, where it left the rest to another invocation. */
    part: (stage: string, segment: number, frames: number) =>
      under(`state/${stage}/${number(segment)}-${number(frames)}.bin`),
    partsOf: (stage: string, segment: number) => under(`state/${stage}/${number(segment)}-`),
    /** Prefix of all states of a fold. */
    statesOf: (stage: string) => under(`state/${stage}/`),
    /** Why a segment was given up. */
    missing: (segment: number) => under(`missing/${number(segment)}.json`),
    missings: under('missing/'),
    /** Prefix of the rendered segments. */
    overlays: under('overlay/'),
    overlay: (segment: number) => under(`overlay/${number(segment)}.nut`),
    timing: (step: string, segment: number, skipped = 0) =>
      under(`timings/${step}/${number(segment)}${skipped > 0 ? `-${number(skipped)}` : ''}.json`),
    timingsOf: (step: string) => under(`timings/${step}/`),
    timings: under('timings/')
  }
}

/** The segment that a key of one segment's work is of. */
export const segmentOf = (key: string) => parseInt(key.split('/').at(-1)!)

/** The manifest of the newest upload of a clip of that name: it says where that one's results are. */
export const newestKey = (task: string, name: string) => `${task}/${shortened(name)}/manifest.json`

/** Why no job came of an upload. */
export const refusedKey = (upload: string) => `refused/${shortened(upload)}.error.json`

/** Keys may have 1,024 bytes; ours add to those of uploads. A name that is too long keeps its beginning and gets a hash. */
export const shortened = (name: string): string => {
  const longest = 800
  if (Buffer.byteLength(name) <= longest) return name
  // The cut may fall into a character, whose rest becomes U+FFFD: still a legal key.
  const beginning = Buffer.from(name)
    .subarray(0, longest - 100)
    .toString()
  return `${beginning}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}
