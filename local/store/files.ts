import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { Piece } from './state.ts'

const block = 1 << 20

/** Collects chunks, and writes them a MiB at a time. */
const blockWriter = (handle: FileHandle) => {
  let waiting: Buffer[] = []
  let bytes = 0
  let size = 0
  const flush = async () => {
    for (let left = waiting; left.length;) {
      const { bytesWritten } = await handle.writev(left)
      left = after(left, bytesWritten)
    }
    size += bytes
    waiting = []
    bytes = 0
  }
  return {
    write: (chunk: Buffer) => {
      waiting.push(chunk)
      bytes += chunk.length
      return bytes >= block ? flush() : undefined
    },
    /** The size of all that was written. */
    finish: async () => {
      await flush()
      return size
    }
  }
}

/** The buffers without their first `count` bytes. */
const after = (buffers: Buffer[], count: number) =>
  buffers.flatMap(buffer => {
    const skipped = Math.min(count, buffer.length)
    count -= skipped
    return skipped < buffer.length ? [buffer.subarray(skipped)] : []
  })

/** Thrown by who noted a file: it cannot tell whether the note will be found at the next start. */
export class Unsure extends Error {}

export interface Files {
  /**
   * A new file with what `fill` writes, safe on the disk, which `note` then makes part of something; none where one
   * fails, unless that is `Unsure`: at the next start, a file that nothing needs goes anyway.
   */
  write: <T, Noted>(
    fill: (write: (chunk: Buffer) => Promise<void> | void) => Promise<T>,
    note: (piece: Piece, result: T) => Promise<Noted>
  ) => Promise<Noted>
  /** Bytes [start, end) of the pieces put together, which stay readable to the stream's end even when removed. */
  read: (pieces: Piece[], start: number, end: number) => Readable
  remove: (files: string[]) => Promise<void>
}

/** The folder of the objects' bytes: files with random names that are written once. */
export const openFiles = async (folder: string): Promise<Files & { present: Set<string> }> => {
  await mkdir(folder, { recursive: true })
  const place = (file: string) => path.join(folder, file)
  const readers = new Map<string, number>()
  const doomed = new Set<string>()

  const remove = async (files: string[]) => {
    for (const file of files)
      if (readers.has(file)) doomed.add(file)
      // What cannot be removed now is found without an owner at the next start.
      else await rm(place(file), { force: true }).catch(() => undefined)
  }
  const release = (pieces: Piece[]) => {
    for (const { file } of pieces) {
      const left = readers.get(file)! - 1
      if (left) readers.set(file, left)
      else readers.delete(file)
    }
    const free = pieces.map(({ file }) => file).filter(file => doomed.has(file) && !readers.has(file))
    for (const file of free) doomed.delete(file)
    void remove(free)
  }
  async function* ranges(pieces: Piece[], start: number, end: number) {
    let offset = 0
    for (const { file, size } of pieces) {
      const from = Math.max(start - offset, 0)
      const to = Math.min(end - offset, size)
      if (from < to) yield* createReadStream(place(file), { start: from, end: to - 1, highWaterMark: block })
      offset += size
    }
  }

  return {
    present: new Set(await readdir(folder)),
    remove,
    read: (pieces, start, end) => {
      for (const { file } of pieces) readers.set(file, (readers.get(file) ?? 0) + 1)
      return Readable.from(ranges(pieces, start, end), { objectMode: false, highWaterMark: block }).once(
        'close',
        () => release(pieces)
      )
    },
    write: async (fill, note) => {
      const file = randomUUID()
      const handle = await open(place(file), 'wx')
      try {
        const writer = blockWriter(handle)
        const result = await fill(writer.write)
        const size = await writer.finish()
        await handle.datasync()
        await handle.close()
        return await note({ file, size }, result)
      } catch (error) {
        await handle.close().catch(() => undefined)
        if (!(error instanceof Unsure)) await rm(place(file), { force: true })
        throw error
      }
    }
  }
}
