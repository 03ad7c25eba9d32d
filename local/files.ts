import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../events/faults.ts'

/** Writes a text file that is there as a whole or not at all, whenever this process or the machine ends. */
export const writeWhole = async (file: string, text: string, options: { mode?: number } = {}) => {
  await writeFile(`${file}.new`, text, { ...options, flush: true })
  await rename(`${file}.new`, file)
}

/** A text file's content; undefined where there is none. */
export const readPresent = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Makes a folder and those above it. Node's own `recursive` never ends where a file system takes no folders and says so
 * in the words for a parent that is missing, as /proc does.
 * @throws Fault file-denied there; else the file system's error with the path of what is in the way
 */
export const makeFolder = async (folder: string): Promise<void> => {
  if (await isFolder(folder)) return
  await makeFolder(path.dirname(folder))
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new Fault('file-denied', { path: folder }, { cause: error })
    // Another process may have been faster.
    if (code !== 'EEXIST' || !(await isFolder(folder))) throw error
  }
}

const isFolder = async (folder: string) => (await stat(folder).catch(() => undefined))?.isDirectory() ?? false
