import { sizeOf, stridesOf } from '../graph/data.ts'
import type { StoredArray, StoredDType } from './dtypes.ts'
import { arrayOf, bytesPerElement } from './dtypes.ts'
import type { SourceFile } from './file.ts'

interface View {
  dtype: StoredDType
  shape: readonly number[]
  strides: readonly number[]
  offset: number
  storage: Storage
}

/** A view of a part of a file; `offset` and `strides` count elements. */
export class StoredTensor {
  readonly dtype
  readonly shape
  readonly strides
  readonly offset
  readonly storage
  constructor({ dtype, shape, strides, offset, storage }: View) {
    this.dtype = dtype
    // a pickle may go on changing the lists that it gave
    this.shape = [...shape]
    this.strides = [...strides]
    this.offset = offset
    this.storage = storage
  }
}

export interface Storage {
  bytes: number
  /** The byte of the file at which it begins. */
  position(): number
}

/** A tensor as read: `data` row-major and contiguous, float16 and bfloat16 as bits, complex as pairs. */
export interface StoredData {
  readonly dtype: StoredDType
  readonly shape: readonly number[]
  readonly data: StoredArray
}

export const isNatural = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const maxRank = 64

/** A shape, strides or offsets as a file gives them. */
export const isNaturals = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= maxRank && value.every(isNatural)

// a tensor may repeat its storage (stride 0), but not beyond this many bytes where the file is smaller
const maxRepeated = 2 ** 26

/** Throws weights-unreadable where the view reaches outside its storage. */
export const checkTensor = (file: SourceFile, { dtype, shape, strides, offset, storage }: StoredTensor) => {
  const elements = sizeOf(shape)
  if (elements * bytesPerElement(dtype) > Math.max(file.size, maxRepeated))
    throw file.damaged(`it names a tensor of shape [${shape.join(', ')}], larger than the file`)
  if (elements && (offset + spanOf(shape, strides)) * bytesPerElement(dtype) > storage.bytes)
    throw file.damaged(`a tensor of shape [${shape.join(', ')}] reaches outside its storage`)
}

/** Elements from the first to the last, of a tensor with at least one. */
const spanOf = (shape: readonly number[], strides: readonly number[]) =>
  shape.reduce((last, n, axis) => last + (n - 1) * strides[axis], 1)

/** @param swapped the file's numbers are big-endian */
export const readTensor = (file: SourceFile, tensor: StoredTensor, swapped: boolean): StoredData => {
  const { dtype, shape, strides, offset, storage } = tensor
  const size = bytesPerElement(dtype)
  const elements = sizeOf(shape)
  if (elements === 0) return { dtype, shape, data: arrayOf(dtype, new Uint8Array(0)) }
  const bytes = file.read(storage.position() + offset * size, spanOf(shape, strides) * size)
  const data = arrayOf(dtype, isContiguous(shape, strides) ? bytes : gather(bytes, tensor))
  if (swapped) swap(data)
  return { dtype, shape, data }
}

const isContiguous = (shape: readonly number[], strides: readonly number[]) => {
  const wanted = stridesOf(shape)
  return shape.every((n, axis) => n === 1 || strides[axis] === wanted[axis])
}

const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }

const gather = (bytes: Uint8Array<ArrayBuffer>, { dtype, shape, strides }: StoredTensor) => {
  const size = bytesPerElement(dtype)
  // complex128 is two words of 8 bytes
  const width = Math.min(size, 8) as keyof typeof words
  const perElement = size / width
  const dims = [...shape, perElement]
  const steps = [...strides.map(stride => stride * perElement), 1]
  const from = new words[width](bytes.buffer)
  const to = new words[width](sizeOf(dims))
  const index = dims.map(() => 0)
  for (let at = 0, i = 0; i < to.length; i++) {
    to[i] = from[at]!
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += steps[axis]
      if (++index[axis] < dims[axis]) break
      at -= steps[axis] * dims[axis]
      index[axis] = 0
    }
  }
  return new Uint8Array(to.buffer)
}

const swap = (data: StoredArray) => {
  const bytes = Buffer.from(data.buffer)
  if (data.BYTES_PER_ELEMENT === 2) bytes.swap16()
  if (data.BYTES_PER_ELEMENT === 4) bytes.swap32()
  if (data.BYTES_PER_ELEMENT === 8) bytes.swap64()
}
