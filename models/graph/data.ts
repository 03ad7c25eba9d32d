/** Arrays of numbers with a shape: what parameters, constants, feeds and results are made of. */

const kinds = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  uint16: { code: 4, array: Uint16Array },
  int16: { code: 5, array: Int16Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  // The bits of IEEE binary16 and of the upper half of binary32: the runtime takes and gives them as such.
  float16: { code: 10, array: Uint16Array },
  float64: { code: 11, array: Float64Array },
  bfloat16: { code: 16, array: Uint16Array }
} as const

export type DType = keyof typeof kinds
export type TypedArray = InstanceType<(typeof kinds)[DType]['array']>

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

/** TensorProto.DataType */
export const codeOf = (dtype: DType) => kinds[dtype].code

export const dtypeOf = (code: number) =>
  (Object.keys(kinds) as DType[]).find(dtype => kinds[dtype].code === code)

export const bytesPerElement = (dtype: DType) => kinds[dtype].array.BYTES_PER_ELEMENT

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1)

/** A typed array of `dtype` over the bytes, which are copied where they are not aligned. */
export const arrayOver = (dtype: DType, bytes: Uint8Array): TypedArray => {
  const { array } = kinds[dtype]
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new array(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / array.BYTES_PER_ELEMENT
  )
}

/** Numbers as a typed array of `dtype`; integers are truncated towards zero. */
export const arrayFrom = (dtype: DType, numbers: ArrayLike<number>): TypedArray =>
  dtype === 'int64'
    ? BigInt64Array.from(numbers, n => BigInt(Math.trunc(n)))
    : (
        kinds[dtype].array as Float64ArrayConstructor as unknown as { from(n: ArrayLike<number>): TypedArray }
      ).from(numbers)

/** The elements as numbers; int64 beyond 2^53 is rounded. */
export const numbersOf = ({ data }: TensorData): ArrayLike<number> =>
  data instanceof BigInt64Array ? Array.from(data, Number) : data
