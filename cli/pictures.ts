import { readFile } from 'node:fs/promises'
import { Fault } from '../events/faults.ts'
import { decodePicture } from '../layers/inference/picture.ts'
import type { Picture } from '../models/picture.ts'

/** A picture of a data set. @throws Fault picture-unsuitable where there is none, or a damaged one */
export const readPicture = async (file: string): Promise<Picture> => {
  try {
    return await decodePicture(await readFile(file))
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const problem = absent ? 'it is not there' : 'it cannot be read as a picture'
    throw new Fault('picture-unsuitable', { file, problem }, { cause })
  }
}
