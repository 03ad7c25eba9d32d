import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { Fault } from '../../events/faults.ts'
import { bytesOf, sizeOf } from '../graph/data.ts'
import type { StoredInfo } from './checkpoint.ts'
import { bytesPerElement, safetensorsName } from './dtypes.ts'

/**
 * Writes a safetensors file, tensor by tensor, so that only one is in memory. The order is that of the reference
 * implementation: wide elements first, then by name; the same tensors give the same bytes. The file appears under its
 * name when it is complete.
 *
 * @param read gives the tensor's data, row-major, of the type and size that `tensors` says
 * Throws weights-unwritable, and weights-unsupported for complex128, which the format does not have.
 */
export const writeSafetensors = (
  path: string,
  tensors: readonly StoredInfo[],
  read: (name: string) => { data: ArrayBufferView },
  metadata: Readonly<Record<string, string>> = {}
) => {
  const ordered = tensors.toSorted(
    (a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (a.name < b.name ? -1 : 1)
  )
  const partial = `${path}.${process.pid}.partial`
  try {
    const descriptor = openSync(partial, 'w')
    try {
      writeAll(descriptor, headerOf(path, ordered, metadata))
      for (const tensor of ordered) {
        const bytes = bytesOf(read(tensor.name))
        if (bytes.length !== byteLength(tensor)) throw new Error(`${tensor.name} has ${bytes.length} bytes`)
        writeAll(descriptor, bytes)
      }
    } finally {
      closeSync(descriptor)
    }
    renameSync(partial, path)
  } catch (cause) {
    rmSync(partial, { force: true })
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new Fault('weights-unwritable', { file: path, reason: cause.message }, { cause })
  }
}

const byteLength = ({ dtype, shape }: StoredInfo) => sizeOf(shape) * bytesPerElement(dtype)

const alignment = 8

/** Length and JSON, padded with spaces so that the tensors begin at a multiple of 8. */
const headerOf = (
  path: string,
  tensors: readonly StoredInfo[],
  metadata: Readonly<Record<string, string>>
) => {
  const fields = new Map<string, unknown>(Object.keys(metadata).length ? [['__metadata__', metadata]] : [])
  let end = 0
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor
    if (fields.has(name) || name === '__metadata__') throw new Error(`two tensors are named ${name}`)
    const type = safetensorsName(dtype)
    if (!type) throw new Fault('weights-unsupported', { file: path, reason: `${name} is ${dtype}` })
    const begin = end
    end += byteLength(tensor)
    fields.set(name, { dtype: type, shape, data_offsets: [begin, end] })
  }
  const json = `{${[...fields].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`
  const bytes = Buffer.byteLength(json)
  const length = Math.ceil(bytes / alignment) * alignment
  const header = Buffer.alloc(8 + length, ' ')
  header.writeBigUInt64LE(BigInt(length))
  header.write(json, 8)
  return header
}

const writeAll = (descriptor: number, bytes: Uint8Array) => {
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30))
}
