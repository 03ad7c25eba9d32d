import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync
} from 'node:fs'
import path from 'node:path'

/**
 * A folder that is complete once it has its name, `<place>-<key>`, and never changes: several processes may make it at a
 * time, and who has its path can rely on it.
 * @param key follows from all that is filled in; without one it follows from what was
 */
export const settle = async (
  place: string,
  fill: (folder: string) => Promise<void> | void,
  key?: string
): Promise<string> => {
  if (key !== undefined && existsSync(named(place, key))) return touched(named(place, key))
  const unfinished = `${place}.${process.pid}`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  try {
    await fill(unfinished)
    const folder = named(place, key ?? contentsOf(unfinished))
    if (!existsSync(folder)) renameSync(unfinished, folder)
    return touched(folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

const named = (place: string, key: string) => `${place}-${key}`

/** So that it can be seen which ones are of use no longer. */
const touched = (folder: string) => {
  utimesSync(folder, new Date(), new Date())
  return folder
}

/** Follows from the names and contents of all files in a folder. */
const contentsOf = (folder: string) => {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
  for (const file of files.toSorted())
    hash.update(`${path.relative(folder, file)}\n`).update(readFileSync(file))
  return shortened(hash.digest('hex'))
}

export const keyOf = (...parts: string[]) =>
  shortened(createHash('sha256').update(JSON.stringify(parts)).digest('hex'))

const shortened = (digest: string) => digest.slice(0, 16)

const month = 30 * 24 * 3600 * 1000

/** Removes folders that nothing has asked for in a month. */
export const sweepSettled = (folder: string, now = Date.now()) => {
  for (const { name, parentPath } of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(parentPath, name)
    if (now - statSync(file).mtimeMs > month) rmSync(file, { recursive: true, force: true })
  }
}
