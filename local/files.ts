import { readFile, rename, writeFile } from 'node:fs/promises'

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
