import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { modelFiles, type ModelRecord } from '../../events/model.ts'

/** The digest that a built model's files have, as building it gives it: of weights and graphs, then of what it says of itself. */
export const digestOf = async (folder: string): Promise<string> => {
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as ModelRecord
  const files = createHash('sha256')
  for (const name of modelFiles(manifest))
    for await (const chunk of createReadStream(path.join(folder, name))) files.update(chunk as Buffer)
  const description = { ...manifest, digest: undefined }
  return createHash('sha256').update(files.digest('hex')).update(JSON.stringify(description)).digest('hex')
}
