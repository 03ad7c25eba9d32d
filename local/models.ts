import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { buildModel, recipeOf } from '../models/catalogue/build.ts'
import { weightsNamed } from '../models/catalogue/index.ts'
import { makeFolder, readPresent } from './files.ts'
import { openWeights, weightsMissing } from './weights.ts'

/** Stands at `names/<name>.json`: which model was built last of weights of this name, and of what. */
const builtModel = z.strictObject({ digest: z.string(), recipe: z.string() })

/**
 * Makes sure that the named models stand built in `folder`, and answers nothing: who runs a model finds it there by
 * digest. What was built from the same network and weights is not built again.
 * @throws Fault model-unknown, weights-missing, weights-unreadable, weights-mismatch, weights-changed
 */
export const ensureModels = async (folder: string, names: string[], store = openWeights()) => {
  await makeFolder(namesOf(folder))
  const known = await store.known()
  for (const name of new Set(names)) {
    const weights = weightsNamed(name, known)
    const found = await store.find(weights)
    if (!found) throw weightsMissing(weights)
    const recipe = recipeOf(weights, found.sha256)
    const built = await readBuilt(folder, name)
    if (built?.recipe === recipe && existsSync(path.join(folder, built.digest))) continue
    const digest = await buildModel(weights, found, folder)
    await writeWhole(recordOf(folder, name), formatted({ digest, recipe }))
  }
  await writeIndex(folder)
}

/** The digest of the model that was built last of weights of this name. */
export const builtDigest = async (folder: string, name: string): Promise<string | undefined> =>
  (await readBuilt(folder, name))?.digest

/**
 * Removes the model that was built of weights of this name; its folder stays while another name means the same.
 * @returns the bytes that this set free; undefined where none was built
 */
export const removeModel = async (folder: string, name: string): Promise<number | undefined> => {
  const digest = await builtDigest(folder, name)
  if (digest === undefined) return undefined
  await rm(recordOf(folder, name), { force: true })
  const index = await writeIndex(folder)
  if (Object.values(index).includes(digest)) return 0
  const directory = path.join(folder, digest)
  const bytes = await bytesOf(directory)
  await rm(directory, { recursive: true, force: true })
  return bytes
}

/** Of all files; of a folder that has gone, none. */
const bytesOf = async (directory: string) => {
  const files = await readdir(directory).catch((): string[] => [])
  const sizes = await Promise.all(files.map(async file => (await stat(path.join(directory, file))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

const namesOf = (folder: string) => path.join(folder, 'names')
const recordOf = (folder: string, name: string) => path.join(namesOf(folder), `${name}.json`)

const readBuilt = async (folder: string, name: string) => {
  const text = await readPresent(recordOf(folder, name))
  if (text === undefined) return undefined
  try {
    return builtModel.parse(JSON.parse(text))
  } catch {
    // As good as none: the model is built again.
    return undefined
  }
}

/** Digests by name. */
const readIndex = async (folder: string) => {
  const files = await readdir(namesOf(folder))
  const index: Record<string, string> = {}
  for (const name of files.flatMap(file => /^(.*)\.json$/.exec(file)?.[1] ?? []).toSorted()) {
    const digest = await builtDigest(folder, name)
    if (digest !== undefined) index[name] = digest
  }
  return index
}

/** Sums up the records for those who run models (layers/models). Of several processes, the last to write has seen all records. */
const writeIndex = async (folder: string): Promise<Record<string, string>> => {
  const file = path.join(folder, 'index.json')
  let written = await readPresent(file)
  for (;;) {
    const index = await readIndex(folder)
    const text = formatted(index)
    if (text === written) return index
    await writeWhole(file, text)
    written = text
  }
}

const formatted = (content: object) => JSON.stringify(content, null, 2)

const writeWhole = async (file: string, content: string) => {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(unfinished, content)
  await rename(unfinished, file)
}
