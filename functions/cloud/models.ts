import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { modelFiles, modelRecord } from '../../events/model.ts'
import { digestOf } from '../../layers/models/digest.ts'
import { openModels, type ModelStore } from '../../layers/models/index.ts'
import type { Context } from '../shared/context.ts'

/** Where a model's files lie in the model store, which is a part of the results bucket. */
export const storedFiles = (digest: string, files: string[]) =>
  files.map(name => ({ name, key: `models/${digest}/${name}` }))

/** The names of files that it gives are safe to use. */
const recordOf = (digest: string, manifest: string) => {
  try {
    return modelRecord.parse(JSON.parse(manifest))
  } catch (cause) {
    throw new Fault(
      'model-changed',
      { model: digest, found: 'without a manifest of this version' },
      { cause }
    )
  }
}

/**
 * Models of the layers, and behind them those of the model store: one that no layer takes is fetched once for an
 * environment, checked by its digest and kept in `scratch`, from where the runtime maps it.
 * @throws Fault model-changed, object-missing and its kin
 */
export const withStored = ({
  models: layers,
  results,
  scratch
}: Pick<Context, 'models' | 'results' | 'scratch'>): ModelStore => {
  const stored = openModels(path.join(scratch, 'models'))
  const fetches = new Map<string, Promise<string>>()

  const fetch = async (digest: string) => {
    const folder = await stored.directory(digest)
    if (existsSync(folder)) return folder
    const unfinished = `${folder}.part`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true })
    const download = async (files: string[]) => {
      for (const { name, key } of storedFiles(digest, files))
        await results.download(key, path.join(unfinished, name))
    }
    await download(['manifest.json'])
    const manifest = await readFile(path.join(unfinished, 'manifest.json'), 'utf8')
    await download(modelFiles(recordOf(digest, manifest)))
    const found = await digestOf(unfinished)
    if (found !== digest) throw new Fault('model-changed', { model: digest, found })
    await rename(unfinished, folder)
    return folder
  }
  /** Undefined where the model is in a layer. */
  const fetched = async (digest: string) => {
    if (existsSync(await layers.directory(digest))) return undefined
    const fetching = fetches.get(digest) ?? fetch(digest)
    fetches.set(digest, fetching)
    // Another try may go well.
    fetching.catch(() => fetches.delete(digest))
    return fetching
  }
  return {
    ...layers,
    directory: async digest => (await fetched(digest)) ?? layers.directory(digest),
    describe: async digest => ((await fetched(digest)) === undefined ? layers : stored).describe(digest)
  }
}
