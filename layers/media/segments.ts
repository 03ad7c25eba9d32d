import type { Segment } from '../../events/clip.ts'
import { firstAtOrAbove, lastAtOrBelow, type Timeline } from './timeline.ts'

/**
 * Cuts a clip into segments of at least `target` frames, at key frames, so that each decoder enters where its segment
 * begins. Where no key frame comes within `max` frames a segment ends there all the same, and the next one's decoder
 * enters at the key frame before. The last segment may be shorter than `target`.
 */
export const planSegments = (
  { pts, keys }: Timeline,
  { target, max }: { target: number; max: number }
): Segment[] => {
  const segments: Segment[] = []
  for (let first = 0; first < pts.length;) {
    const behind = nextCut(pts, keys, first, target, max)
    const from = pts[first]
    segments.push({
      index: segments.length,
      firstFrame: first,
      frames: behind - first,
      from,
      ...(behind < pts.length && { until: pts[behind] }),
      entry: keys[lastAtOrBelow(keys, from)] ?? from
    })
    first = behind
  }
  return segments
}

/** Index of the frame before which the segment that begins at `first` ends. */
const nextCut = (pts: Float64Array, keys: Float64Array, first: number, target: number, max: number) => {
  if (pts.length - first <= max) return pts.length
  const earliest = pts[first + target]
  const key = keys[firstAtOrAbove(keys, earliest)]
  return key !== undefined && key <= pts[first + max] ? lastAtOrBelow(pts, key) : first + max
}
