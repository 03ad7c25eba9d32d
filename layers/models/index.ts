import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'

const licence = z.strictObject({ code: z.string(), weights: z.string(), data: z.string() })

/** What stands in `<digest>/manifest.json` beside a built model. */
const modelManifest = z.strictObject({
  model: z.string(),
  system: z.string(),
  variant: z.string(),
  digest: z.string(),
  weights: z.strictObject({ sha256: z.string(), source: z.string(), licence })
})
export type ModelManifest = z.infer<typeof modelManifest>

/** Names of the built models in a folder, each with its digest. */
const modelIndex = z.record(z.string(), z.string())

/** Built models, found by digest: `<folder>/<digest>/{model.onnx, model.weights, manifest.json}` and `<folder>/index.json`. */
export interface ModelStore {
  /** @throws Fault model-not-built */
  digest: (name: string) => string
  directory: (digest: string) => string
  describe: (digest: string) => Promise<ModelManifest>
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
      modelManifest.parse(JSON.parse(await readFile(path.join(directory(digest), 'manifest.json'), 'utf8')))
  }
}
