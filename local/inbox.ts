import { mkdir, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Storage } from '../functions/shared/storage.ts'

interface InboxOptions {
  folder: string
  uploads: Storage
  warn: (error: unknown) => void
  signal: AbortSignal
}

/** Milliseconds between two looks. A file is taken when it stayed the same from one to the next. */
const interval = 500
const metadataName = 'clipmill-inbox'

/**
 * Uploads what lies in a folder, each file under its path there: `<task>/name.mp4`, `….job.json`. Files stay where they
 * are; one that changes is uploaded again. Which ones are uploaded is read off the bucket.
 */
export const watchInbox = ({ folder, uploads, warn, signal }: InboxOptions): AsyncDisposable => {
  const closed = new AbortController()
  const stopped = AbortSignal.any([signal, closed.signal])
  /** Size and time of each file at the last look, and of those that are up. */
  let seen = new Map<string, string>()
  const up = new Map<string, string>()

  const look = async () => {
    const now = await filesIn(folder)
    // What goes with a clip goes ahead of it; tickets, which name clips, go last.
    const settled = [...now].filter(([name, state]) => seen.get(name) === state && up.get(name) !== state)
    for (const [name, state] of settled.toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
      if (stopped.aborted) return
      try {
        const key = name.split(path.sep).join('/')
        if ((await uploads.head(key))?.metadata[metadataName] !== state)
          await uploads.uploadFile(key, path.join(folder, name), {
            contentType: name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
            metadata: { [metadataName]: state }
          })
        up.set(name, state)
      } catch (error) {
        warn(error)
      }
    }
    seen = now
  }
  const watch = async () => {
    await mkdir(folder, { recursive: true })
    while (!stopped.aborted) {
      await look().catch(warn)
      await sleep(interval, undefined, { signal: stopped }).catch(() => undefined)
    }
  }
  const watching = watch().catch(warn)
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
