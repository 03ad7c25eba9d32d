/** The element types that checkpoints hold, under PyTorch's names, with their names in the file formats. */

/** float16 and bfloat16 are kept as their bits; complex numbers as pairs (real, imaginary). */
const table = {
  float64: { bytes: 8, array: Float64Array, storage: 'Double', safetensors: 'F64' },
  float32: { bytes: 4, array: Float32Array, storage: 'Float', safetensors: 'F32' },
  float16: { bytes: 2, array: Uint16Array, storage: 'Half', safetensors: 'F16' },
  bfloat16: { bytes: 2, array: Uint16Array, storage: 'BFloat16', safetensors: 'BF16' },
  int64: { bytes: 8, array: BigInt64Array, storage: 'Long', safetensors: 'I64' },
  int32: { bytes: 4, array: Int32Array, storage: 'Int', safetensors: 'I32' },
  int16: { bytes: 2, array: Int16Array, storage: 'Short', safetensors: 'I16' },
  int8: { bytes: 1, array: Int8Array, storage: 'Char', safetensors: 'I8' },
  uint64: { bytes: 8, array: BigUint64Array, storage: 'UInt64', safetensors: 'U64' },
  uint32: { bytes: 4, array: Uint32Array, storage: 'UInt32', safetensors: 'U32' },
  uint16: { bytes: 2, array: Uint16Array, storage: 'UInt16', safetensors: 'U16' },
  uint8: { bytes: 1, array: Uint8Array, storage: 'Byte', safetensors: 'U8' },
  bool: { bytes: 1, array: Uint8Array, storage: 'Bool', safetensors: 'BOOL' },
  complex128: { bytes: 16, array: Float64Array, storage: 'ComplexDouble', safetensors: undefined },
  complex64: { bytes: 8, array: Float32Array, storage: 'ComplexFloat', safetensors: 'C64' }
} as const

/** The element types of models/graph, and some that only occur in files. */
export type StoredDType = keyof typeof table
export type StoredArray = InstanceType<(typeof table)[StoredDType]['array']>

const all = Object.keys(table) as StoredDType[]

export const bytesOf = (dtype: StoredDType) => table[dtype].bytes
/** undefined where the format has no such type */
export const safetensorsName = (dtype: StoredDType) => table[dtype].safetensors
export const fromSafetensors = (name: unknown) =>
  all.find(dtype => name !== undefined && table[dtype].safetensors === name)

/** 'torch.float32' */
export const fromTorch = (name: string) => all.find(dtype => `torch.${dtype}` === name)

/** 'torch.FloatStorage', or 'torch.cuda.FloatStorage' as older versions name what was saved from a GPU */
export const fromStorageClass = (name: string) => {
  const kind = /^torch\.(?:cuda\.)?(\w+)Storage$/.exec(name)?.[1]
  return all.find(dtype => table[dtype].storage === kind)
}

/** A typed array over the whole of `bytes`. */
export const arrayOf = (dtype: StoredDType, { buffer }: Uint8Array<ArrayBuffer>): StoredArray =>
  new table[dtype].array(buffer)
