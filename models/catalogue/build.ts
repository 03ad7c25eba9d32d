import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../events/faults.ts'
import type { ModelRecord } from '../../events/model.ts'
import { optimise, structureOf, writeModel } from '../graph/index.ts'
import { bindWeights } from '../weights/bind.ts'
import { openCheckpoint, type Checkpoint } from '../weights/checkpoint.ts'
import { graphsOf, networkOf, parametersOf, systems } from './systems.ts'
import type { Weights } from './weights.ts'

/** The graphs as they are written. */
const optimised = (graphs: ReturnType<typeof graphsOf>, { precision }: Weights) =>
  Object.fromEntries(Object.entries(graphs).map(([name, graph]) => [name, optimise(graph, { precision })]))

/** What a model is called that is built of weights. */
export const modelName = ({ name, precision = 'float32' }: Weights) =>
  precision === 'float32' ? name : `${name}@${precision}`

/** What a built model says of itself, but for its digest. */
const describe = (weights: Weights, sha256: string, graphs: object) => {
  const { system, variant, detector, source, licence } = weights
  return {
    model: modelName(weights),
    system,
    variant,
    graphs: Object.keys(graphs),
    arena: systems[system].arena,
    weights: { sha256, source, licence },
    detector
  }
}

/**
 * Follows from all that a built model follows from: while it stays the same, building again would change nothing.
 * @param sha256 of the weights' file
 */
export const recipeOf = (weights: Weights, sha256: string): string => {
  const graphs = optimised(graphsOf(weights), weights)
  const hash = createHash('sha256')
  for (const graph of Object.values(graphs)) hash.update(structureOf(graph))
  return hash.update(JSON.stringify(describe(weights, sha256, graphs))).digest('hex')
}

/** The network of `weights`, and its parameters' values in a checkpoint that must hold exactly them. */
const bind = (weights: Weights, checkpoint: Checkpoint) => {
  const graphs = graphsOf(weights)
  const variant = `${weights.system} ${weights.variant}`
  const values = bindWeights(parametersOf(graphs), checkpoint, variant, networkOf)
  return { graphs: optimised(graphs, weights), values }
}

/**
 * Makes sure that a checkpoint holds exactly what the network wants, without reading its numbers.
 * @throws Fault weights-unopenable, weights-unreadable, weights-web-page, weights-unsupported, weights-mismatch
 */
export const checkFits = (weights: Weights, file: string) => {
  using checkpoint = openCheckpoint(file)
  bind(weights, checkpoint)
}

/**
 * Builds a model into `<folder>/<digest>` and answers with its digest: the network, the checkpoint's values bound to it
 * strictly, in the precision that is asked for. The digest is that of all that stands there, the manifest included: the
 * same weights with other class names or another pre-processing are another model.
 * @param sha256 that the file must have
 * @throws Fault weights-changed, weights-unreadable, weights-mismatch
 */
export const buildModel = async (
  weights: Weights,
  { sha256, path: file }: { sha256: string; path: string },
  folder: string
): Promise<string> => {
  const found = await sha256Of(file)
  if (found !== sha256) throw new Fault('weights-changed', { file, expected: sha256, found })
  using checkpoint = openCheckpoint(file)
  const { graphs, values } = bind(weights, checkpoint)

  await removeAbandoned(folder)
  const unfinished = await mkdtemp(path.join(folder, 'building-'))
  try {
    const written = await writeModel(graphs, values, unfinished)
    const description = describe(weights, sha256, graphs)
    const digest = createHash('sha256').update(written).update(JSON.stringify(description)).digest('hex')
    const manifest: ModelRecord = { ...description, digest }
    await writeFile(path.join(unfinished, 'manifest.json'), JSON.stringify(manifest, null, 2))
    const finished = path.join(folder, digest)
    await rename(unfinished, finished).catch((error: unknown) => {
      // It stands there already: the same digest, the same files.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code!)) throw error
    })
    return digest
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

const hour = 3_600_000

/** Removes what builds left behind that were ended from outside. */
const removeAbandoned = async (folder: string) => {
  for (const name of await readdir(folder)) {
    const directory = path.join(folder, name)
    if (!name.startsWith('building-')) continue
    const { mtimeMs } = await stat(directory).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > hour) await rm(directory, { recursive: true, force: true })
  }
}

export const sha256Of = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
