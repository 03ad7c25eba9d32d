import type { FrameTable } from '../../events/clip.ts'
import { fewAhead } from '../shared/ahead.ts'
import type { Storage } from '../shared/storage.ts'

/** Bytes that one request asks for: a few frames. */
export const batchBytes = 1e6

/**
 * Reads the pictures of a segment, by position in its table. Nothing is read before the first is asked for; from then on
 * a few requests ahead, towards the end or, `backward`, the beginning. A few megabytes are in memory, however long the
 * segment is: what lies behind is forgotten.
 */
export const pictureReader = (
  storage: Storage,
  key: string,
  { frames }: FrameTable,
  { backward = false } = {}
) => {
  const batches = batched(frames)
  const coming = new Map<number, Promise<Uint8Array>>()
  const fetch = (batch: number) => {
    const { first, last } = batches[batch]
    const bytes = storage.getRange(key, frames[first].offset, frames[last].offset + frames[last].bytes)
    // Nobody may come to await what was asked for ahead.
    bytes.catch(() => undefined)
    return bytes
  }
  return async (position: number): Promise<Uint8Array> => {
    const batch = batches.findLastIndex(({ first }) => first <= position)
    const wanted = Array.from({ length: fewAhead }, (_, i) => (backward ? batch - i : batch + i))
    for (const known of coming.keys()) if (!wanted.includes(known)) coming.delete(known)
    for (const next of wanted) if (next in batches && !coming.has(next)) coming.set(next, fetch(next))
    const { offset, bytes } = frames[position]
    const start = offset - frames[batches[batch].first].offset
    return (await coming.get(batch)!).subarray(start, start + bytes)
  }
}

/** Runs of frames, by position, of which each has about `batchBytes`. */
const batched = (frames: FrameTable['frames']) => {
  const batches: { first: number; last: number }[] = []
  let size = Infinity
  for (const [position, { bytes }] of frames.entries()) {
    if (size + bytes > batchBytes) {
      batches.push({ first: position, last: position })
      size = 0
    }
    batches.at(-1)!.last = position
    size += bytes
  }
  return batches
}
