import { sizeOf } from '../graph/data.ts'
import type { Checkpoint } from './checkpoint.ts'
import { openCheckpoint } from './checkpoint.ts'
import type { StoredDType } from './dtypes.ts'
import { bytesPerElement } from './dtypes.ts'

/**
 * What a checkpoint holds, as data for `clipmill models inspect`; nothing in it is run and no tensor is read.
 * `size` is the file's in bytes, `bytes` the tensors'; `elements` counts the numbers in all tensors, buffers too;
 * `dtypes` counts tensors by type.
 * Throws as openCheckpoint does.
 */
export const inspectCheckpoint = (path: string, options?: { under?: string | undefined }) => {
  using checkpoint = openCheckpoint(path, options)
  const { file, size, format, under, stripped, others, named } = checkpoint
  const tensors = checkpoint.tensors()
  const dtypes: Partial<Record<StoredDType, number>> = {}
  for (const { dtype } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1
  return {
    file,
    size,
    format,
    under,
    stripped,
    tensors,
    elements: total(tensors, ({ shape }) => sizeOf(shape)),
    bytes: total(tensors, ({ dtype, shape }) => sizeOf(shape) * bytesPerElement(dtype)),
    dtypes,
    others,
    named
  }
}

type Tensors = ReturnType<Checkpoint['tensors']>

const total = (tensors: Tensors, of: (tensor: Tensors[number]) => number) =>
  tensors.reduce((sum, tensor) => sum + of(tensor), 0)
