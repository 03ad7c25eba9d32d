import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { Unsure } from './files.ts'
import type { Entry, State } from './state.ts'
import { apply, dropWithoutData, emptyState, entriesOf } from './state.ts'

/**
 * The list of everything that happened to the store, one JSON entry a line. An entry counts once its line is on the
 * disk: that is the one moment at which an object, its data and its metadata come to be.
 */

const version = 1
/** Rewritten when it has more lines than this and twice those that are still true. */
const longEnough = 10_000

interface Waiting {
  entry: Entry
  resolve: () => void
  reject: (error: unknown) => void
}

/** Makes a folder's new, renamed and deleted names last. */
const syncFolder = async (folder: string) => {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

const readEntry = (line: string) => {
  try {
    return JSON.parse(line) as Entry | { store: number; sequencer: number }
  } catch {
    return undefined
  }
}

/** Lines end at line feeds alone: a key may have what else ends lines for `readline`. */
async function* linesOf(file: string) {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    let start = 0
    for (let end; (end = rest.indexOf('\n', start)) >= 0; start = end + 1)
      yield rest.toString('utf8', start, end)
    rest = rest.subarray(start)
  }
  if (rest.length) yield rest.toString()
}

/** Replays the file. Its last lines may be torn, where the machine went down before they were acknowledged. */
const replay = async (file: string) => {
  const state = emptyState()
  let torn = 0
  let lines = 0
  let size = 0
  for await (const line of linesOf(file)) {
    lines++
    size += Buffer.byteLength(line) + 1
    const entry = readEntry(line)
    if (!entry) torn ||= lines
    else if (torn) throw new Fault('store-damaged', { file, line: torn })
    else if ('op' in entry) apply(state, entry)
    else if (entry.store !== version)
      throw new Fault('store-version', { file, found: entry.store, known: version })
    else state.sequencer = entry.sequencer
  }
  // Who sent their parts went away with the process that took them.
  state.uploads.clear()
  return { state, lines, size: torn ? 0 : size }
}

/** Goes on with the file itself, if it is whole. */
const reopen = async (file: string, { lines, size }: { lines: number; size: number }) => {
  const handle = await open(file, 'r+')
  if ((await handle.stat()).size === size) return { handle, lines, size }
  await handle.close()
  return undefined
}

/** Puts a new journal of the state in the place of `file`; returns the open file and its length in bytes and lines. */
const writeFresh = async (file: string, state: State) => {
  const fresh = `${file}.new`
  const handle = await open(fresh, 'w')
  let size = 0
  let lines = 0
  let text = ''
  const flush = async () => {
    const bytes = Buffer.from(text)
    await writeAll(handle, bytes, size)
    size += bytes.length
    text = ''
  }
  const add = async (line: object) => {
    text += `${JSON.stringify(line)}\n`
    lines++
    if (text.length > 1 << 20) await flush()
  }
  try {
    await add({ store: version, sequencer: state.sequencer })
    for (const entry of entriesOf(state)) await add(entry)
    await flush()
    await handle.datasync()
    await rename(fresh, file)
    return { handle, size, lines }
  } catch (error) {
    await handle.close()
    await rm(fresh, { force: true })
    throw error
  }
}

const writeAll = async (handle: FileHandle, bytes: Buffer, position: number) => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

interface Journal {
  state: State
  /**
   * Resolves once the entry is on the disk and in `state`; what it made needless goes to `dropped`.
   * @throws Unsure where it did not come to the disk, or did, but could not be taken back
   */
  append: (entry: Entry) => Promise<void>
  close: () => Promise<void>
}

/**
 * Opens `dir/journal.jsonl`, or starts it.
 * @param present the data files that exist; `dropped` receives those that no entry needs.
 * @throws Fault store-damaged, store-version
 */
export const openJournal = async (
  dir: string,
  data: { folder: string; present: Set<string>; dropped: (files: string[]) => Promise<void> }
): Promise<Journal> => {
  const file = path.join(dir, 'journal.jsonl')
  const found = await replay(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: emptyState(), lines: 0, size: 0 }
    throw error
  })
  const { state } = found
  const used = dropWithoutData(state, data.present)
  await data.dropped([...data.present].filter(name => !used.has(name)))

  let { handle, size, lines } = await writeFresh(file, state).catch(async (error: unknown) => {
    // Without room for a second journal, the first one goes on: what it holds can be read, and deleted to make room.
    const same = found.lines ? await reopen(file, found) : undefined
    if (!same) throw error
    return same
  })
  let renamed = true
  let live = lines
  let queue: Waiting[] = []
  let working: Promise<void> | undefined

  // Whether there may be something behind the last entry that counts.
  let dirty = false
  const clean = async () => {
    if (!dirty) return
    await handle.truncate(size)
    await handle.datasync()
    dirty = false
  }
  // All that came while the disk was busy is written together.
  const writeBatch = async (batch: Waiting[]) => {
    const bytes = Buffer.from(batch.map(({ entry }) => `${JSON.stringify(entry)}\n`).join(''))
    await clean()
    // An entry lasts only in a file whose name does.
    if (renamed) await syncFolder(dir)
    renamed = false
    await syncFolder(data.folder)
    try {
      dirty = true
      await writeAll(handle, bytes, size)
      await handle.datasync()
    } catch (error) {
      await clean().catch(() => {
        throw new Unsure('the note may last', { cause: error })
      })
      throw error
    }
    dirty = false
    size += bytes.length
    lines += batch.length
  }
  const work = async () => {
    try {
      while (queue.length) {
        const batch = queue
        queue = []
        try {
          await writeBatch(batch)
        } catch (error) {
          for (const { reject } of batch) reject(error)
          continue
        }
        const needless = batch.flatMap(({ entry }) => apply(state, entry))
        for (const { resolve } of batch) resolve()
        await data.dropped(needless)
        if (lines > longEnough && lines > 2 * live) await shorten()
      }
    } finally {
      // In the same turn as the last look at the queue: what comes next must find that nobody works.
      working = undefined
    }
  }
  const shorten = async () => {
    // Where no second journal can be made, for lack of room, the first one goes on.
    const shorter = await writeFresh(file, state).catch(() => undefined)
    live = shorter?.lines ?? lines
    if (!shorter) return
    const before = handle
    ;({ handle, size, lines } = shorter)
    renamed = true
    await before.close().catch(() => undefined)
  }

  return {
    state,
    append: entry =>
      new Promise((resolve, reject) => {
        queue.push({ entry, resolve, reject })
        working ??= work()
      }),
    close: async () => {
      await working
      await handle.close()
    }
  }
}
