import type { FrameTable } from '../../events/clip.ts'
import type { Storage } from '../shared/storage.ts'

/** Bytes that one request asks for; a few frames ahead, whatever the segment's length. */
const batchBytes = 8e6

/** The pictures of a segment in order, read some ahead; at most two batches of them are in memory. */
export async function* readPictures(storage: Storage, key: string, table: FrameTable) {
  const batches = batched(table.frames)
  const fetch = (batch: FrameTable['frames']) =>
    storage.getRange(key, batch[0].offset, batch.at(-1)!.offset + batch.at(-1)!.bytes)
  let coming = batches.length ? fetch(batches[0]) : undefined
  for (const [i, batch] of batches.entries()) {
    const bytes = await coming!
    coming = i + 1 < batches.length ? fetch(batches[i + 1]) : undefined
    // Should the consumer leave early, nobody awaits the batch ahead.
    coming?.catch(() => undefined)
    for (const frame of batch) {
      const start = frame.offset - batch[0].offset
      yield { ...frame, data: bytes.subarray(start, start + frame.bytes) }
    }
  }
}

const batched = (frames: FrameTable['frames']) => {
  const batches: FrameTable['frames'][] = []
  let size = Infinity
  for (const frame of frames) {
    if (size + frame.bytes > batchBytes) {
      batches.push([])
      size = 0
    }
    batches.at(-1)!.push(frame)
    size += frame.bytes
  }
  return batches
}
