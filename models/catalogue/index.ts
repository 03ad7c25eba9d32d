import type { ModelRecord } from '../../events/model.ts'
import { Fault } from '../../events/faults.ts'
import { precisions } from '../graph/index.ts'
import { trackerWeights } from './trackers.ts'
import type { Weights } from './weights.ts'
import { yoloxWeights } from './yolox.ts'

export type { Weights } from './weights.ts'

/** All weights that we know of; users' own ones are not among them. */
export const catalogue: readonly Weights[] = [...yoloxWeights, ...trackerWeights]

/** Weights by the name of a model, which may say a precision: `mixformerv2-s@int8`. */
const find = (model: string, known: readonly Weights[]): Weights | undefined => {
  const [name, ...rest] = model.split('@')
  const weights = known.find(weights => weights.name === name)
  if (!weights || rest.length === 0) return weights
  const precision = precisions.find(precision => precision === rest.join('@'))
  return precision && { ...weights, precision }
}

/**
 * Weights of a model, from the catalogue unless others are given. The model is called like its weights, or, where these
 * are to be stored otherwise than as float32, `<weights>@int8` or `<weights>@float16`.
 * @throws Fault model-unknown
 */
export const weightsNamed = (model: string, known: readonly Weights[] = catalogue): Weights => {
  const found = find(model, known)
  if (!found) throw new Fault('model-unknown', { model, models: known.map(weights => weights.name) })
  return found
}

/** What a task must know of weights that a person names; undefined where there are none of that name. */
export type FindModel = (name: string) => Pick<ModelRecord, 'system' | 'variant' | 'detector'> | undefined

/** Finds models by name among weights, those of the catalogue unless others are given. */
export const modelsAmong =
  (known: readonly Weights[] = catalogue): FindModel =>
  name =>
    find(name, known)

/** The weights of the catalogue whose file has this sha256. */
export const weightsOfFile = (sha256: string): Weights | undefined =>
  catalogue.find(({ file }) => file.sha256 === sha256)
