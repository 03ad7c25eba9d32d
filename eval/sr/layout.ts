import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { exists } from '../text.ts'

export interface TruthPicture {
  /** That of the file, without its ending. */
  name: string
  file: string
}

/**
 * The pictures of full size of a data set, by name: those in `HR` in its folder, else those in the folder itself.
 * @throws Fault pictures-missing
 */
export const findPictures = async (data: string): Promise<TruthPicture[]> => {
  const looked: string[] = []
  for (const folder of [path.join(data, 'HR'), data]) {
    if (!(await exists(folder, 'folder'))) continue
    looked.push(folder)
    const files = (await readdir(folder)).filter(file => /\.(png|jpe?g|tiff?)$/i.test(file)).sort()
    if (files.length > 0)
      return files.map(file => ({ name: path.parse(file).name, file: path.join(folder, file) }))
  }
  throw new Fault('pictures-missing', { data, looked })
}
