import { Fault } from '../../events/faults.ts'
import type { DType, TensorData, TypedArray, Values } from '../graph/data.ts'
import type { StoredDType } from './dtypes.ts'
import { arrayOf, bytesOf } from './dtypes.ts'
import { bfloat16ToFloat32, float16ToFloat32 } from './half.ts'
import type { Tensors } from './renamed.ts'
import type { StoredData } from './tensor.ts'
import { elementsOf } from './tensor.ts'

interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DType
}

/**
 * The values of `parameters` out of a checkpoint that must hold exactly them. Floating-point numbers of any width
 * serve float32 parameters; other types must be equal. Only a `num_batches_tracked` may be missing (PyTorch has it
 * since 0.4.1) and is then 0.
 *
 * Throws weights-mismatch, which lists all that is missing, unused or of another shape or type.
 */
export const bindWeights = (
  parameters: readonly Parameter[],
  checkpoint: Tensors,
  { file, variant }: { file: string; variant: string }
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
    throw new Fault('weights-mismatch', { file, variant, missing, unused, misshapen })

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

const converted = ({ dtype, shape, data }: StoredData, wanted: DType): TensorData => {
  if (dtype === wanted) return { dtype, shape, data: data as TypedArray }
  const floats32 =
    dtype === 'float64'
      ? Float32Array.from(data as Float64Array)
      : dtype === 'float16'
        ? float16ToFloat32(data as Uint16Array)
        : bfloat16ToFloat32(data as Uint16Array)
  return { dtype: 'float32', shape, data: floats32 }
}

const zeros = ({ dtype, shape }: Parameter): TensorData => ({
  dtype,
  shape,
  data: arrayOf(dtype, new Uint8Array(elementsOf(shape) * bytesOf(dtype))) as TypedArray
})
