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
import type { Checkpoint, StoredInfo } from './checkpoint.ts'
import type { StoredDType } from './dtypes.ts'
import type { StoredData } from './tensor.ts'

/**
 * The values of `parameters` out of a checkpoint that must hold exactly them. Floating-point numbers of any width
 * serve float32 parameters; other types must be equal. Only a `num_batches_tracked` may be missing (PyTorch has it
 * since 0.4.1) and is then 0.
 *
 * @param variant what the parameters belong to, for messages
 * @param recognise says what else these tensors are the parameters of, if it knows
 * Throws weights-mismatch, which lists all that is missing, unused or of another shape or type.
 */
export const bindWeights = (
  parameters: readonly Parameter[],
  checkpoint: Pick<Checkpoint, 'file' | 'tensors' | 'read'>,
  variant: string,
  recognise: (tensors: readonly StoredInfo[]) => string | undefined = () => undefined
): Values => {
  const tensors = checkpoint.tensors()
  const misfit = misfitOf(parameters, tensors)
  if (misfit)
    throw new Fault('weights-mismatch', {
      file: checkpoint.file,
      variant,
      is: recognise(tensors),
      ...misfit
    })

  const stored = new Set(tensors.map(({ name }) => name))
  const wanted = new Map(parameters.map(parameter => [parameter.name, parameter]))
  return {
    read: name => {
      const parameter = wanted.get(name)
      if (!parameter) throw new Error(`${variant} has no parameter ${name}`)
      return stored.has(name) ? converted(checkpoint.read(name), parameter.dtype) : zeros(parameter)
    }
  }
}

/** In what tensors are not exactly the parameters; undefined where they are. */
export const misfitOf = (parameters: readonly Parameter[], tensors: readonly StoredInfo[]) => {
  const stored = new Map(tensors.map(tensor => [tensor.name, tensor]))
  const wanted = new Set(parameters.map(({ name }) => name))
  const missing = parameters.filter(p => !stored.has(p.name) && !isCounter(p.name)).map(p => p.name)
  const unused = [...stored.keys()].filter(name => !wanted.has(name))
  const misshapen = parameters.flatMap(parameter => {
    const found = stored.get(parameter.name)
    if (!found || (equal(found.shape, parameter.shape) && serves(found.dtype, parameter.dtype))) return []
    return `${parameter.name}: ${kindOf(found)} instead of ${kindOf(parameter)}`
  })
  return missing.length + unused.length + misshapen.length ? { missing, unused, misshapen } : undefined
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
