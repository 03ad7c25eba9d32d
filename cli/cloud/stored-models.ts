import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { storedFiles } from '../../functions/cloud/models.ts'
import type { Storage } from '../../functions/shared/storage.ts'
import { assetsRequestOf, makeAssets } from '../../infra/assets/assets.ts'
import type { DeployOptions } from './options.ts'

/** Folders, by digest, of the models that no layer takes. They stand built, since the app was synthesised. */
export const storedModels = (options: DeployOptions): Record<string, string> =>
  makeAssets(assetsRequestOf(options)).stored

/**
 * Puts models into the model store, a part of the results bucket. A file that is there with the same size is left, since
 * its key says what is in it.
 * @returns the keys that were written
 */
export const putModels = async (results: Storage, models: Record<string, string>): Promise<string[]> => {
  const written: string[] = []
  for (const [digest, folder] of Object.entries(models))
    for (const { name, key } of storedFiles(digest, await readdir(folder))) {
      const file = path.join(folder, name)
      const there = await results.head(key)
      if (there?.size === (await stat(file)).size) continue
      if (there) await results.delete(key)
      const contentType = name.endsWith('.json') ? 'application/json' : 'application/octet-stream'
      if ((await results.uploadFile(key, file, { contentType, once: true })) === 'written') written.push(key)
    }
  return written
}
