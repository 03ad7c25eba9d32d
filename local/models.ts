import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buildModel, recipeOf } from '../models/catalogue/build.ts'
import { weightsNamed } from '../models/catalogue/index.ts'
import { openWeights, weightsMissing } from './weights.ts'

/**
 * Makes sure that the named models stand built in `folder`, and answers nothing: who runs a model finds it there by
 * digest. What was built from the same network and weights is not built again.
 * @throws Fault model-unknown, weights-missing, weights-unreadable, weights-mismatch, weights-changed
 */
export const ensureModels = async (folder: string, names: string[], store = openWeights()) => {
  await mkdir(folder, { recursive: true })
  const known = await store.known()
  for (const name of new Set(names)) {
    const weights = weightsNamed(name, known)
    const found = await store.find(weights)
    if (!found) throw weightsMissing(weights)
    const recipe = recipeOf(weights, found.sha256)
    const digest = await builtDigest(folder, name)
    const recipes = await readJson(recipesOf(folder))
    if (recipes.get(name) === recipe && digest && existsSync(path.join(folder, digest, 'model.onnx')))
      continue
    await record(indexOf(folder), name, await buildModel(weights, found, folder))
    await record(recipesOf(folder), name, recipe)
  }
}

/** The digest of the model that was built last of weights of this name. */
export const builtDigest = async (folder: string, name: string): Promise<string | undefined> =>
  (await readJson(indexOf(folder))).get(name)

/** Removes the model that was built of weights of this name. */
export const removeModel = async (folder: string, name: string) => {
  const digest = await builtDigest(folder, name)
  if (digest === undefined) return
  await record(indexOf(folder), name, undefined)
  await record(recipesOf(folder), name, undefined)
  await rm(path.join(folder, digest), { recursive: true, force: true })
}

const indexOf = (folder: string) => path.join(folder, 'index.json')
const recipesOf = (folder: string) => path.join(folder, 'recipes.json')

/** By name. */
const readJson = async (file: string): Promise<Map<string, string>> => {
  try {
    return new Map(Object.entries(JSON.parse(await readFile(file, 'utf8')) as Record<string, string>))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
}

/** Changes or removes one entry of a file; those of others that were made meanwhile stay. */
const record = async (file: string, name: string, value: string | undefined) => {
  const entries = await readJson(file)
  if (value === undefined) entries.delete(name)
  else entries.set(name, value)
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, JSON.stringify(Object.fromEntries(entries), null, 2))
  await rename(temporary, file)
}
