import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { modelRecord, type ModelRecord } from '../../events/model.ts'

/** Names of the built models in a folder, each with its digest. */
const modelIndex = z.record(z.string(), z.string())

/** Built models, found by digest: `<folder>/<digest>/{model.onnx, model.weights, manifest.json}` and `<folder>/index.json`. */
export interface ModelStore {
  /** @throws Fault model-not-built */
  digest: (name: string) => string
  directory: (digest: string) => string
  describe: (digest: string) => Promise<ModelRecord>
}

export const openModels = (folder: string): ModelStore => {
  let index: Record<string, string> | undefined
  const read = () => modelIndex.parse(JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')))
  const directory = (digest: string) => path.join(folder, digest)
  return {
    digest: name => {
      index ??= read()
      const digest = index[name]
      if (!digest) throw new Fault('model-not-built', { model: name, built: Object.keys(index) })
      return digest
    },
    directory,
    describe: async digest =>
      modelRecord.parse(JSON.parse(await readFile(path.join(directory(digest), 'manifest.json'), 'utf8')))
  }
}
