import { Fault } from '../../events/faults.ts'
import type { YoloxWeights } from '../yolox/weights.ts'

/** One set of trained parameters, and all that belongs to it and not to the network: see the type of its system. */
export type Weights = YoloxWeights

const catalogue: Weights[] = [
  {
    name: 'clipmill-person-nano',
    system: 'yolox',
    variant: 'nano',
    summary: 'people on streets; small, trained for this project so that it works on a fresh clone',
    classes: ['person'],
    preprocessing: 'new',
    longSide: 640,
    scores: { follow: 0.4 },
    file: 'weights/clipmill-person-nano/yolox_nano_person.safetensors',
    sha256: 'ffb23e4c823bab010ed5df233e82e134066e89daa3cb534c422282725c9c1fe1',
    source: 'trained for clipmill: weights/clipmill-person-nano/SOURCE.md',
    licence: { code: 'Apache-2.0', weights: 'Apache-2.0', data: 'CC BY 4.0 and unknown: see the source note' }
  }
]

export const weightsOf = (system: Weights['system']) => catalogue.filter(weights => weights.system === system)

/** @throws Fault model-unknown */
export const weightsNamed = (name: string): Weights => {
  const found = catalogue.find(weights => weights.name === name)
  if (!found)
    throw new Fault('model-unknown', { model: name, models: catalogue.map(weights => weights.name) })
  return found
}
