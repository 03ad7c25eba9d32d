import type { Detector } from '../../events/model.ts'
import { Fault } from '../../events/faults.ts'
import type { Weights } from './weights.ts'
import { yoloxWeights } from './yolox.ts'

export type { Weights } from './weights.ts'

/** All weights that we know of; users' own ones are not among them. */
export const catalogue: readonly Weights[] = yoloxWeights

/** Weights by name, from the catalogue unless others are given. @throws Fault model-unknown */
export const weightsNamed = (name: string, known: readonly Weights[] = catalogue): Weights => {
  const found = known.find(weights => weights.name === name)
  if (!found) throw new Fault('model-unknown', { model: name, models: known.map(weights => weights.name) })
  return found
}

/** What a task must know of weights that a person names; undefined where there are none of that name. */
export type FindDetector = (name: string) => Detector | undefined

/** Finds detectors in the catalogue, or among the weights that are given. */
export const detectorsOf =
  (known: readonly Weights[]): FindDetector =>
  name =>
    known.find(weights => weights.name === name)?.detector

/** The weights of the catalogue whose file has this sha256. */
export const weightsOfFile = (sha256: string): Weights | undefined =>
  catalogue.find(({ file }) => file.sha256 === sha256)
