import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { modelRecord, type ModelRecord } from '../../events/model.ts'
import type { FindModel } from '../../models/catalogue/index.ts'

/** Names of the built models in a folder, each with its digest. */
const modelIndex = z.record(z.string(), z.string())

/** Built models, found by digest: `<folder>/<digest>/{<graph>.onnx, …, model.weights, manifest.json}` and `<folder>/index.json`. */
export interface ModelStore {
  /** Names of those that are built. */
  names: () => string[]
  /** @throws Fault model-not-built */
  digest: (name: string) => string
  /** Folder of the model's files. */
  directory: (digest: string) => Promise<string>
  describe: (digest: string) => Promise<ModelRecord>
  /** What the model of that name is; undefined where it is not built. */
  find: FindModel
}

export const openModels = (folder: string): ModelStore => {
  let index: Record<string, string> | undefined
  const digests = () =>
    (index ??= modelIndex.parse(JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8'))))
  const digestOf = (name: string) => (Object.hasOwn(digests(), name) ? digests()[name] : undefined)
  const directory = (digest: string) => path.join(folder, digest)
  const manifestOf = (digest: string) => path.join(directory(digest), 'manifest.json')
  return {
    names: () => Object.keys(digests()),
    digest: name => {
      const digest = digestOf(name)
      if (!digest) throw new Fault('model-not-built', { model: name, built: Object.keys(digests()) })
      return digest
    },
    directory: digest => Promise.resolve(directory(digest)),
    describe: async digest => modelRecord.parse(JSON.parse(await readFile(manifestOf(digest), 'utf8'))),
    find: name => {
      const digest = digestOf(name)
      return digest === undefined
        ? undefined
        : modelRecord.parse(JSON.parse(readFileSync(manifestOf(digest), 'utf8')))
    }
  }
}
