import type { ModelRecord } from '../../events/model.ts'
import { Fault } from '../../events/faults.ts'
import { trackerWeights } from './trackers.ts'
import type { Weights } from './weights.ts'
import { yoloxWeights } from './yolox.ts'

export type { Weights } from './weights.ts'

/** All weights that we know of; users' own ones are not among them. */
export const catalogue: readonly Weights[] = [...yoloxWeights, ...trackerWeights]

/** Weights by name, from the catalogue unless others are given. @throws Fault model-unknown */
export const weightsNamed = (name: string, known: readonly Weights[] = catalogue): Weights => {
  const found = known.find(weights => weights.name === name)
  if (!found) throw new Fault('model-unknown', { model: name, models: known.map(weights => weights.name) })
  return found
}

/** What a task must know of weights that a person names; undefined where there are none of that name. */
export type FindModel = (name: string) => Pick<ModelRecord, 'system' | 'variant' | 'detector'> | undefined

/** Finds models by the names of their weights, in the catalogue unless others are given. */
export const modelsAmong =
  (known: readonly Weights[] = catalogue): FindModel =>
  name =>
    known.find(weights => weights.name === name)

/** The weights of the catalogue whose file has this sha256. */
export const weightsOfFile = (sha256: string): Weights | undefined =>
  catalogue.find(({ file }) => file.sha256 === sha256)
