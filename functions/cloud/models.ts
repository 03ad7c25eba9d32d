import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { digestOf } from '../../layers/models/digest.ts'
import { openModels, type ModelStore } from '../../layers/models/index.ts'
import type { Context } from '../shared/context.ts'

/** A model's files and where they lie in the model store, which is a part of the results bucket. */
export const storedModel = (digest: string) =>
  ['manifest.json', 'model.onnx', 'model.weights'].map(name => ({ name, key: `models/${digest}/${name}` }))

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
    for (const { name, key } of storedModel(digest)) await results.download(key, path.join(unfinished, name))
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
