import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { builtDigest, ensureModels } from '../../local/models.ts'
import { openWeights } from '../../local/weights.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { taskNamed } from '../../tasks/index.ts'
import { sizeOf } from './size.ts'

/** A larger model goes into the model store: beside the runtime there is room for this much in a function. */
const largestLayer = 100e6

/** Models that are deployed; `folder` holds all of them, by digest. */
interface DeployedModels {
  folder: string
  /** Digests by name. */
  digests: Record<string, string>
  /** Digests of those that lie in a task's layer, by task. */
  layered: Record<string, string[]>
  /** Digests of those that no layer takes. */
  stored: string[]
}

/** Builds the models of the tasks' default options, and those named besides, for each task that has their system. */
export const buildModels = async (
  tasks: string[],
  besides: string[],
  folder: string
): Promise<DeployedModels> => {
  const known = await openWeights().known()
  const wanted = Object.fromEntries(
    tasks.map(name => {
      const { models, systems } = taskNamed(name)
      const suited = besides.filter(model => systems.includes(weightsNamed(model, known).system))
      return [name, [...models, ...suited]]
    })
  )
  const names = [...new Set([...Object.values(wanted).flat(), ...besides])].toSorted()
  await ensureModels(folder, names)
  const digests: Record<string, string> = {}
  for (const name of names) digests[name] = (await builtDigest(folder, name))!

  const fits = (digest: string) => sizeOf(path.join(folder, digest)) <= largestLayer
  return {
    folder,
    digests,
    layered: Object.fromEntries(
      Object.entries(wanted).map(([task, names]) => [task, names.map(name => digests[name]).filter(fits)])
    ),
    stored: Object.values(digests).filter(digest => !fits(digest))
  }
}

/** Copies models to run. */
export const putModels = ({ folder }: DeployedModels, digests: string[], to: string) => {
  for (const digest of digests) cpSync(path.join(folder, digest), path.join(to, digest), { recursive: true })
}

/** Puts down which models there are, for who names them without running them. */
export const putNames = ({ folder, digests }: DeployedModels, to: string) => {
  for (const digest of Object.values(digests)) {
    mkdirSync(path.join(to, digest), { recursive: true })
    cpSync(path.join(folder, digest, 'manifest.json'), path.join(to, digest, 'manifest.json'))
  }
  writeFileSync(path.join(to, 'index.json'), JSON.stringify(digests))
}
