import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buildModel, recipeOf } from '../models/catalogue/build.ts'
import { weightsNamed } from '../models/catalogue/index.ts'
import { packageRoot } from './home.ts'

/**
 * Makes sure that the named models stand built in `folder`, and answers nothing: who runs a model finds it there by
 * digest. What was built from the same network and weights is not built again.
 * @throws Fault weights-unreadable, weights-mismatch, weights-changed
 */
export const ensureModels = async (folder: string, names: string[]) => {
  await mkdir(folder, { recursive: true })
  const recipes = await readJson(path.join(folder, 'recipes.json'))
  const index = await readJson(path.join(folder, 'index.json'))
  for (const name of new Set(names)) {
    const weights = weightsNamed(name)
    const recipe = recipeOf(weights)
    if (recipes[name] === recipe && existsSync(path.join(folder, index[name], 'model.onnx'))) continue
    index[name] = await buildModel(weights, path.join(packageRoot, weights.file), folder)
    recipes[name] = recipe
  }
  await writeJson(path.join(folder, 'index.json'), index)
  await writeJson(path.join(folder, 'recipes.json'), recipes)
}

const readJson = async (file: string): Promise<Record<string, string>> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

const writeJson = async (file: string, value: Record<string, string>) => {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, JSON.stringify(value, null, 2))
  await rename(temporary, file)
}
