import { Fault } from '../../events/faults.ts'
import {
  arrayFrom,
  arrays,
  numbersOf,
  sizeOf,
  type DType,
  type TensorData,
  type Values
} from '../graph/data.ts'
import type { Parameter } from '../graph/graph.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { StoredDType } from './dtypes.ts'
import type { StoredData } from './tensor.ts'

/**
 * The values of `parameters` out of a checkpoint that must hold exactly them. Floating-point numbers of any width
 * serve float32 parameters; other types must be equal. Only a `num_batches_tracked` may be missing (PyTorch has it
 * since 0.4.1) and is then 0.
 *
 * @param variant what the parameters belong to, for messages
 * Throws weights-mismatch, which lists all that is missing, unused or of another shape or type.
 */
export const bindWeights = (
  parameters: readonly Parameter[],
  checkpoint: Pick<Checkpoint, 'file' | 'tensors' | 'read'>,
  variant: string
): Values => {
  const stored = new Map(checkpoint.tensors().map(tensor => [tensor.name, tensor]))
  const wanted = new Map(parameters.map(parameter => [parameter.name, parameter]))
  const missing = parameters.filter(p => !stored.has(p.name) && !isCounter(p.name)).map(p => p.name)
  const unused = [...stored.keys()].filter(name => !wanted.has(name))
  const misshapen = parameters.flatMap(parameter => {
    const found = stored.get(parameter.name)
    if (!found || (equal(found.shape, parameter.shape) && serves(found.dtype, parameter.dtype))) return []
    return `${parameter.name}: ${kindOf(found)} instead of ${kindOf(parameter)}`
  })
  if (missing.length + unused.length + misshapen.length)
    throw new Fault('weights-mismatch', { file: checkpoint.file, variant, missing, unused, misshapen })

  return {
    read: name => {
      const parameter = wanted.get(name)
      if (!parameter) throw new Error(`${variant} has no parameter ${name}`)
      return stored.has(name) ? converted(checkpoint.read(name), parameter.dtype) : zeros(parameter)
    }
  }
}

const isCounter = (name: string) => /(^|\.)num_batches_tracked$/.test(name)

const equal = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((n, axis) => n === b[axis])

const floats: readonly StoredDType[] = ['float64', 'float16', 'bfloat16']

const serves = (stored: StoredDType, wanted: DType) =>
  stored === wanted || (wanted === 'float32' && floats.includes(stored))

const kindOf = ({ dtype, shape }: { dtype: StoredDType; shape: readonly number[] }) =>
  `${dtype} [${shape.join(', ')}]`

const converted = (stored: StoredData, wanted: DType): TensorData => {
  // `serves` leaves types of models/graph only.
  const tensor = stored as TensorData
  if (tensor.dtype === wanted) return tensor
  return { dtype: wanted, shape: tensor.shape, data: arrayFrom(wanted, numbersOf(tensor)) }
}

const zeros = ({ dtype, shape }: Parameter): TensorData => ({
  dtype,
  shape,
  data: new arrays[dtype](sizeOf(shape))
})
