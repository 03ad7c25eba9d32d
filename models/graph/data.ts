/** Arrays of numbers with a shape: what parameters, constants, feeds and results are made of. */
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.ts'

/** The typed array that holds each element type. */
export const arrays = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  // The bits of IEEE binary16 and of the upper half of binary32: the runtime takes and gives them as such.
  float16: Uint16Array,
  float64: Float64Array,
  bfloat16: Uint16Array
} as const

export type DType = keyof typeof arrays
export type TypedArray = InstanceType<(typeof arrays)[DType]>

/** Row-major `data` of `shape`; a scalar has shape []. */
export interface TensorData {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** Where the values of parameters come from: a checkpoint, a rule, a trainer. */
export interface Values {
  read(name: string): TensorData
}

/** Elements of a tensor; without overflow where it has none. */
export const sizeOf = (shape: readonly number[]) =>
  shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1)

/** The strides of a row-major tensor, in elements. */
export const stridesOf = (shape: readonly number[]) => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))

export const byteLength = ({ dtype, shape }: Omit<TensorData, 'data'>) =>
  sizeOf(shape) * arrays[dtype].BYTES_PER_ELEMENT

export const bytesOf = ({ data }: { data: ArrayBufferView }) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

interface ArrayType<A> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A
  readonly BYTES_PER_ELEMENT: number
}

/** A typed array over the bytes, which are copied where they are not aligned. */
export const arrayOver = <A>(array: ArrayType<A>, bytes: Uint8Array): A => {
  const size = array.BYTES_PER_ELEMENT
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  return new array(buffer, byteOffset, byteLength / size)
}

/** Numbers as a typed array of `dtype`; integers are truncated towards zero, halves rounded by way of float32. */
export const arrayFrom = (dtype: DType, numbers: ArrayLike<number>): TypedArray => {
  if (dtype === 'int64') return BigInt64Array.from(numbers, n => BigInt(Math.trunc(n)))
  if (dtype === 'float16') return float32ToFloat16(new Float32Array(numbers))
  if (dtype === 'bfloat16') return float32ToBfloat16(new Float32Array(numbers))
  return new arrays[dtype](numbers)
}

/** The elements as numbers; int64 beyond 2^53 is rounded. */
export const numbersOf = ({ dtype, data }: TensorData): ArrayLike<number> => {
  if (data instanceof BigInt64Array) return Array.from(data, Number)
  if (dtype === 'float16') return float16ToFloat32(data as Uint16Array)
  return dtype === 'bfloat16' ? bfloat16ToFloat32(data as Uint16Array) : data
}
