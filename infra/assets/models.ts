import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { builtDigest, ensureModels } from '../../local/models.ts'
import { completeOptions, modelsOf, taskNamed } from '../../tasks/index.ts'
import { sizeOf } from './size.ts'

/** A larger model goes into the model store: beside the runtime there is room for this much in a function. */
const largestLayer = 100e6

interface Places {
  /** Where models are built. */
  models: string
  /** Folder of a task's layer. */
  layer: (task: string) => string
  /** Functions that know models by name, and read what they say of themselves. */
  named: string[]
}

/**
 * Builds the models of the tasks' default options, and those named besides; puts each into the layers of the tasks or, if
 * it is too large, among those to be stored.
 */
export const putModels = async (tasks: string[], besides: string[], { models, layer, named }: Places) => {
  const defaults = new Map(
    tasks.map(task => [task, Object.values(modelsOf(taskNamed(task), completeOptions(taskNamed(task), {})))])
  )
  const names = [...new Set([...[...defaults.values()].flat(), ...besides])].toSorted()
  await ensureModels(models, names)
  const digests: Record<string, string> = {}
  for (const name of names) digests[name] = (await builtDigest(models, name))!

  for (const folder of named) {
    put(models, Object.values(digests), path.join(folder, 'models'), ['manifest.json'])
    writeFileSync(path.join(folder, 'models', 'index.json'), JSON.stringify(digests))
  }

  const fits = (digest: string) => sizeOf(path.join(models, digest)) <= largestLayer
  const layers = Object.fromEntries(
    [...defaults].map(([task, own]) => {
      const wanted = [...own, ...besides].map(name => digests[name]).filter(fits)
      const folder = layer(task)
      put(models, wanted, path.join(folder, 'models'), ['manifest.json', 'model.onnx', 'model.weights'])
      return [task, folder]
    })
  )
  const stored = Object.fromEntries(
    Object.values(digests)
      .filter(digest => !fits(digest))
      .map(digest => [digest, path.join(models, digest)])
  )
  return { layers, stored }
}

const put = (from: string, digests: string[], to: string, files: string[]) => {
  rmSync(to, { recursive: true, force: true })
  for (const digest of digests) {
    mkdirSync(path.join(to, digest), { recursive: true })
    for (const file of files) cpSync(path.join(from, digest, file), path.join(to, digest, file))
  }
}
