/** The element types that checkpoints hold, under PyTorch's names, with their names in the file formats. */
import { arrayOver, arrays } from '../graph/data.ts'

/** Those of models/graph, and some that only occur in files; complex numbers are pairs (real, imaginary). */
const stored = {
  ...arrays,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  complex128: Float64Array,
  complex64: Float32Array
} as const

export type StoredDType = keyof typeof stored
export type StoredArray = InstanceType<(typeof stored)[StoredDType]>

const names: Readonly<Record<StoredDType, { storage: string; safetensors?: string }>> = {
  float64: { storage: 'Double', safetensors: 'F64' },
  float32: { storage: 'Float', safetensors: 'F32' },
  float16: { storage: 'Half', safetensors: 'F16' },
  bfloat16: { storage: 'BFloat16', safetensors: 'BF16' },
  int64: { storage: 'Long', safetensors: 'I64' },
  int32: { storage: 'Int', safetensors: 'I32' },
  int16: { storage: 'Short', safetensors: 'I16' },
  int8: { storage: 'Char', safetensors: 'I8' },
  uint64: { storage: 'UInt64', safetensors: 'U64' },
  uint32: { storage: 'UInt32', safetensors: 'U32' },
  uint16: { storage: 'UInt16', safetensors: 'U16' },
  uint8: { storage: 'Byte', safetensors: 'U8' },
  bool: { storage: 'Bool', safetensors: 'BOOL' },
  complex128: { storage: 'ComplexDouble' },
  complex64: { storage: 'ComplexFloat', safetensors: 'C64' }
}

const all = Object.keys(names) as StoredDType[]

export const bytesPerElement = (dtype: StoredDType) =>
  stored[dtype].BYTES_PER_ELEMENT * (dtype.startsWith('complex') ? 2 : 1)

/** undefined where the format has no such type */
export const safetensorsName = (dtype: StoredDType) => names[dtype].safetensors
export const fromSafetensors = (name: unknown) =>
  all.find(dtype => name !== undefined && names[dtype].safetensors === name)

/** 'torch.float32' */
export const fromTorch = (name: string) => all.find(dtype => `torch.${dtype}` === name)

/** 'torch.FloatStorage', or 'torch.cuda.FloatStorage' as older versions name what was saved from a GPU */
export const fromStorageClass = (name: string) => {
  const kind = /^torch\.(?:cuda\.)?(\w+)Storage$/.exec(name)?.[1]
  return all.find(dtype => names[dtype].storage === kind)
}

/** A typed array over the bytes. */
export const arrayOf = (dtype: StoredDType, bytes: Uint8Array) => arrayOver<StoredArray>(stored[dtype], bytes)
