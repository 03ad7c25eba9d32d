import type { ModelRecord } from '../../events/model.ts'
import { Fault } from '../../events/faults.ts'
import { precisions, type Precision } from '../graph/index.ts'
import { dqbcWeights } from './dqbc.ts'
import { systems } from './systems.ts'
import { trackerWeights } from './trackers.ts'
import type { Weights } from './weights.ts'
import { yoloxWeights } from './yolox.ts'

export type { Weights } from './weights.ts'

/** All weights that we know of; users' own ones are not among them. */
export const catalogue: readonly Weights[] = [...yoloxWeights, ...trackerWeights, ...dqbcWeights]

/** Weights by the name of a model, which may say a precision: `mixformerv2-s@int8`. */
const find = (model: string, known: readonly Weights[]): Weights | undefined => {
  const [name, ...rest] = model.split('@')
  const weights = known.find(weights => weights.name === name)
  if (!weights || rest.length === 0) return weights
  // Each model has one name, and that of float32 is its weights' own.
  const others = precisionsOf(weights).filter(precision => precision !== 'float32')
  const precision = others.find(precision => precision === rest.join('@'))
  return precision && { ...weights, precision }
}

const precisionsOf = ({ system }: Weights): readonly Precision[] => systems[system].precisions ?? precisions

/**
 * Weights of a model, from the catalogue unless others are given. The model is called like its weights, or, where these
 * are to be stored otherwise than as float32, `<weights>@int8` or `<weights>@float16`.
 * @throws Fault model-unknown, precision-unknown
 */
export const weightsNamed = (model: string, known: readonly Weights[] = catalogue): Weights => {
  const found = find(model, known)
  if (found) return found
  const weights = find(model.split('@')[0], known)
  if (!weights) throw new Fault('model-unknown', { model, models: known.map(weights => weights.name) })
  const { name, system } = weights
  throw new Fault('precision-unknown', {
    model,
    weights: name,
    system,
    precisions: [...precisionsOf(weights)]
  })
}

/** What a task must know of weights that a person names; undefined where there are none of that name. */
export type FindModel = (name: string) => Pick<ModelRecord, 'system' | 'variant' | 'detector'> | undefined

/** Finds models by name among weights, those of the catalogue unless others are given. */
export const modelsAmong =
  (known: readonly Weights[] = catalogue) =>
  (name: string): Weights | undefined =>
    find(name, known)

/** The weights of the catalogue whose file has this sha256. */
export const weightsOfFile = (sha256: string): Weights | undefined =>
  catalogue.find(({ file }) => file.sha256 === sha256)
