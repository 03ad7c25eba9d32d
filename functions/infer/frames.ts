import type { FrameTable } from '../../events/clip.ts'
import { inOrder } from '../shared/ahead.ts'
import type { Storage } from '../shared/storage.ts'

/** Bytes that one request asks for: a few frames. */
const batchBytes = 1e6

/** The pictures of a segment in order, read some ahead; a few megabytes of them are in memory, whatever its length. */
export async function* readPictures(storage: Storage, key: string, table: FrameTable) {
  const batches = inOrder(batched(table.frames), async batch => ({
    batch,
    bytes: await storage.getRange(key, batch[0].offset, batch.at(-1)!.offset + batch.at(-1)!.bytes)
  }))
  for await (const { batch, bytes } of batches)
    for (const frame of batch) {
      const start = frame.offset - batch[0].offset
      yield { ...frame, data: bytes.subarray(start, start + frame.bytes) }
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
