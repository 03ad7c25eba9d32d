import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Storage } from '../functions/shared/storage.ts'
import { tasks } from '../tasks/index.ts'
import { makeFolder } from './files.ts'

interface InboxOptions {
  folder: string
  uploads: Storage
  warn: (error: unknown) => void
  signal: AbortSignal
}

/**
 * Milliseconds between two looks; where there is much to look at, as many times what a look takes. A file is taken when
 * it stayed the same from one to the next.
 */
const interval = 500
const timesLook = 20
/** Milliseconds until what could not be uploaded is tried again; twice as long each further time. */
const firstPause = 1000
const longestPause = 300_000
const metadataName = 'clipmill-inbox'

/**
 * Uploads what lies in a folder, each file under its path there: `<task>/name.mp4`, `….job.json`. Files stay where they
 * are; one that changes is uploaded again. Which ones are uploaded is read off the bucket.
 */
export const watchInbox = async ({
  folder,
  uploads,
  warn,
  signal
}: InboxOptions): Promise<AsyncDisposable> => {
  for (const task of Object.keys(tasks)) await makeFolder(path.join(folder, task))
  const closed = new AbortController()
  const stopped = AbortSignal.any([signal, closed.signal])
  /** Size and time of each file at the last look, and of those that are up. */
  let seen = new Map<string, string>()
  const up = new Map<string, string>()
  const failures = new Map<string, { state: string; times: number; until: number }>()

  const upload = async (name: string, state: string) => {
    const key = name.split(path.sep).join('/')
    if ((await uploads.head(key))?.metadata[metadataName] !== state)
      await uploads.uploadFile(key, path.join(folder, name), {
        contentType: name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
        metadata: { [metadataName]: state }
      })
    up.set(name, state)
    failures.delete(name)
  }
  const fail = (name: string, state: string, error: unknown) => {
    const before = failures.get(name)
    const times = before?.state === state ? before.times + 1 : 0
    failures.set(name, { state, times, until: Date.now() + Math.min(longestPause, firstPause * 2 ** times) })
    if (times === 0) warn(error)
  }

  const look = async (now: Map<string, string>) => {
    const isUp = (name: string) => up.get(name) === now.get(name)
    const isDue = (name: string, state: string) => {
      const failure = failures.get(name)
      return failure?.state !== state || Date.now() >= failure.until
    }
    const settled = [...now].filter(
      ([name, state]) => seen.get(name) === state && !isUp(name) && isDue(name, state)
    )
    // What goes with a clip goes ahead of it; tickets, which name clips, go last.
    for (const [name, state] of settled.toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
      if (stopped.aborted) return
      const beside = `${name}.json`
      if (now.has(beside) && !isUp(beside)) continue
      try {
        await upload(name, state)
      } catch (error) {
        fail(name, state, error)
        // What stands in its way, e.g. a full disk, may stand in that of the others too: their turn is at the next look.
        return
      }
    }
  }
  const watch = async () => {
    let problem = ''
    while (!stopped.aborted) {
      const start = performance.now()
      let took = 0
      try {
        const now = await filesIn(folder)
        took = performance.now() - start
        await look(now)
        seen = now
        problem = ''
      } catch (error) {
        // Said once, not at each look.
        if (problem !== String(error)) warn(error)
        problem = String(error)
      }
      await sleep(Math.max(interval, took * timesLook), undefined, { signal: stopped }).catch(() => undefined)
    }
  }
  const watching = watch()
  return {
    async [Symbol.asyncDispose]() {
      closed.abort()
      await watching
    }
  }
}

const rank = (name: string) => (name.endsWith('.job.json') ? 2 : name.endsWith('.json') ? 0 : 1)

/** Regular files below a folder by path, with size and time; hidden ones, and what others write besides, are left out. */
const filesIn = async (folder: string) => {
  const files = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    const name = path.relative(folder, file)
    if (
      !entry.isFile() ||
      name.split(path.sep).some(part => part.startsWith('.')) ||
      /\.(part|crdownload|tmp)$/.test(name)
    )
      continue
    const found = await stat(file).catch(() => undefined)
    if (found) files.set(name, `${found.size}-${Math.round(found.mtimeMs)}`)
  }
  return files
}
