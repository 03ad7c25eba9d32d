import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import type { ModelRecord } from '../../events/model.ts'
import { writeModel, type Graph } from '../../models/graph/index.ts'

/** Stand-ins have no parameters. */
const nothing = { read: (name: string) => expect.unreachable(name) }

/**
 * Writes small graphs with the inputs and outputs of a network into a folder of built models, in the place of weights of
 * that name. @returns the digest
 */
export const installStandIn = async (
  models: string,
  about: Pick<ModelRecord, 'model' | 'system' | 'variant'>,
  graphs: Readonly<Record<string, Graph>>
): Promise<string> => {
  const digest = 'b'.repeat(64)
  const folder = path.join(models, digest)
  await writeModel(graphs, nothing, folder)
  const licence = { code: 'Apache-2.0', weights: 'none', data: 'none' }
  const weights = { sha256: '0'.repeat(64), source: 'none', licence }
  const record: ModelRecord = { ...about, digest, graphs: Object.keys(graphs), weights }
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(record))
  await writeFile(path.join(models, 'index.json'), JSON.stringify({ [about.model]: digest }))
  return digest
}
