import type { ClipFacts } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import type { Limits } from '../../events/job.ts'

/** What one clip may be; more is refused before anything is decoded. */
const limits = {
  /** 50 GB; the clip must also fit onto the disk of whoever decodes it, which says so where it does not. */
  bytes: 50e9,
  /** 10 hours at 60 frames a second. */
  frames: 2_160_000,
  /** 8K in both directions. */
  side: 8192
}

/** @throws Fault limit-exceeded */
const check = (clip: string, what: string, value: number, ...allowed: (number | undefined)[]) => {
  const limit = Math.min(...allowed.filter(limit => limit !== undefined))
  if (value > limit) throw new Fault('limit-exceeded', { clip, what, value, limit })
}

/** Before the clip is fetched. @throws Fault limit-exceeded */
export const checkBytes = (clip: string, bytes: number) => check(clip, 'bytes', bytes, limits.bytes)

/** @param allowed by those who may set limits; the lowest counts @throws Fault limit-exceeded */
export const checkClip = (clip: string, { video }: ClipFacts, ...allowed: (Limits | undefined)[]) => {
  check(clip, 'frames', video.frames, limits.frames, ...allowed.map(limits => limits?.frames))
  check(clip, 'pixels a side', Math.max(video.width, video.height), limits.side)
}

/** @param dollars that the job is expected to cost @throws Fault limit-exceeded */
export const checkCost = (clip: string, dollars: number, ...allowed: (Limits | undefined)[]) =>
  check(clip, 'dollars', dollars, ...allowed.map(limits => limits?.cost))
