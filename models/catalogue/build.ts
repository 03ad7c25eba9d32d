import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../events/faults.ts'
import { simplify, structureOf, writeModel, type Graph } from '../graph/index.ts'
import { bindWeights } from '../weights/bind.ts'
import { openCheckpoint } from '../weights/checkpoint.ts'
import { buildYolox } from '../yolox/network.ts'
import { yoloxVariants } from '../yolox/variants.ts'
import type { Weights } from './index.ts'

const networkOf = ({ variant, classes }: Weights): Graph =>
  buildYolox(yoloxVariants[variant], { classes: classes.length })

/** Follows from all that a built model follows from: while it stays the same, building again would change nothing. */
export const recipeOf = (weights: Weights): string =>
  createHash('sha256')
    .update(structureOf(simplify(networkOf(weights))))
    .update(weights.sha256)
    .digest('hex')

/**
 * Builds a model into `<folder>/<digest>` and answers with its digest: the network, the checkpoint's values bound to it
 * strictly, the passes that are safe anywhere.
 * @throws Fault weights-changed, weights-unreadable, weights-mismatch
 */
export const buildModel = async (weights: Weights, file: string, folder: string): Promise<string> => {
  const sha256 = await digestOf(file)
  if (sha256 !== weights.sha256)
    throw new Fault('weights-changed', { file, expected: weights.sha256, found: sha256 })
  const graph = networkOf(weights)
  using checkpoint = openCheckpoint(file)
  const values = bindWeights(graph.parameters, checkpoint, `${weights.system} ${weights.variant}`)

  await removeAbandoned(folder)
  const unfinished = await mkdtemp(path.join(folder, 'building-'))
  try {
    const { digest } = await writeModel(simplify(graph), values, unfinished)
    const { name: model, system, variant, source, licence } = weights
    const manifest = { model, system, variant, digest, weights: { sha256, source, licence } }
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

const digestOf = async (file: string) => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
