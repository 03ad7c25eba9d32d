/**
 * What PyTorch writes: the zip container (torch/serialization.py since 1.6, and TorchScript's archives) and the
 * container before it. Tensors become views of storages, as torch/_utils.py rebuilds them.
 */

import { cursorOver } from './cursor.ts'
import type { StoredDType } from './dtypes.ts'
import { bytesPerElement, fromStorageClass, fromTorch } from './dtypes.ts'
import type { SourceFile } from './file.ts'
import type { PickleWorld } from './pickle.ts'
import { Global, readPickle } from './pickle.ts'
import type { Storage } from './tensor.ts'
import { StoredTensor, checkTensor, isNatural, isNaturals } from './tensor.ts'
import { readZip } from './zip.ts'

/** Throws weights-unreadable and weights-unsupported. */
export const readTorchZip = (file: SourceFile) => {
  const entries = readZip(file)
  const pickleName = [...entries.keys()].find(name => /(^|\/)data\.pkl$/.test(name))
  if (!pickleName)
    throw file.damaged('it is an archive without data.pkl; if a checkpoint is in it, unpack it first')
  const prefix = pickleName.slice(0, -'data.pkl'.length)
  const read = <T>(name: string, use: (position: number, size: number) => T) => {
    const entry = entries.get(prefix + name)
    return entry && use(entry.position(), entry.size)
  }
  const order = read('byteorder', (at, size) => Buffer.from(file.read(at, Math.min(size, 3))).toString())

  const named = new Set<string>()
  const storageOf = (id: StorageId): Storage => {
    const entry = entries.get(`${prefix}data/${id.key}`)
    if (id.bytes && (!entry || entry.size < id.bytes))
      throw file.damaged(`the bytes of storage ${JSON.stringify(id.key)} are missing`)
    return { bytes: id.bytes, position: () => entry!.position() }
  }
  const root = read('data.pkl', (at, size) =>
    readPickle(file, cursorOver(file, at, at + size), worldOf(file, named, storageOf))
  )
  const format = entries.has(`${prefix}constants.pkl`) ? ('torchscript' as const) : ('pytorch-zip' as const)
  return { format, root, named, swapped: order === 'big' }
}

const legacyMagic = 0x1950a86a20f9469cfc6cn
const legacyProtocol = 1001

/** Four pickles (magic number, protocol, machine, object), a fifth with the storages' keys, then the storages. */
export const readTorchLegacy = (file: SourceFile) => {
  const named = new Set<string>()
  const placed = new Map<string, { id: StorageId; at?: number }>()
  const storageOf = (id: StorageId): Storage => {
    const place = placed.get(id.key) ?? { id }
    placed.set(id.key, place)
    if (place.id.bytes !== id.bytes || place.id.dtype !== id.dtype)
      throw file.damaged(`storage ${JSON.stringify(id.key)} has two sizes`)
    return { bytes: id.bytes, position: () => place.at! }
  }
  const cursor = cursorOver(file, 0, file.size)
  const next = () => readPickle(file, cursor, worldOf(file, named, storageOf))
  if (next() !== legacyMagic) throw file.damaged('it is a pickle, but not one that PyTorch saved')
  if (next() !== legacyProtocol) throw file.damaged('its protocol is unknown')
  next()
  const root = next()
  const keys = next()
  if (!Array.isArray(keys)) throw file.damaged('its list of storages is missing')

  for (const key of keys) {
    const place = placed.get(String(key))
    if (!place) throw file.unsupported('it holds storages of an unknown element type')
    if (place.at !== undefined) throw file.damaged('its list of storages names one twice')
    const { bytes, dtype } = place.id
    if (cursor.u64() * (dtype ? bytesPerElement(dtype) : 1) !== bytes)
      throw file.damaged(`storage ${JSON.stringify(key)} has two sizes`)
    // numbers are little-endian whatever the machine was
    place.at = cursor.position
    cursor.skip(bytes)
  }
  if (keys.length !== placed.size) throw file.damaged('some of its storages are missing')
  return { format: 'pytorch-legacy' as const, root, named, swapped: false }
}

interface StorageId {
  key: string
  /** undefined: bytes without a type */
  dtype: StoredDType | undefined
  bytes: number
}

/** What a persistent id stands for. */
class TypedStorage {
  readonly dtype
  readonly storage
  /** the first element, where it is a view of a storage */
  readonly offset
  constructor(dtype: StoredDType | undefined, storage: Storage, offset: number) {
    this.dtype = dtype
    this.storage = storage
    this.offset = offset
  }
}

const worldOf = (
  file: SourceFile,
  named: Set<string>,
  storageOf: (id: StorageId) => Storage
): PickleWorld => ({ named, calls: callsOf(file), persistent: id => persistent(file, id, storageOf) })

/** ('storage', class, key, location, elements[, (view key, offset, elements)]), or ('module', class, …) in old files */
const persistent = (file: SourceFile, id: unknown, storageOf: (id: StorageId) => Storage) => {
  const malformed = () => file.damaged('it names a storage in an unknown way')
  if (!Array.isArray(id)) throw malformed()
  const [kind, cls, key, , elements, view] = id as unknown[]
  if (kind === 'module') return cls
  if (kind !== 'storage' || !(cls instanceof Global) || !isNatural(elements)) throw malformed()
  if (typeof key !== 'string' && !isNatural(key)) throw malformed()
  const dtype = fromStorageClass(cls.name)
  // quantised and newer types: its tensors stay unknown objects
  if (!dtype && !cls.name.endsWith('UntypedStorage')) return cls
  const storage = storageOf({
    key: String(key),
    dtype,
    bytes: elements * (dtype ? bytesPerElement(dtype) : 1)
  })
  const offset = Array.isArray(view) ? (view[1] as unknown) : 0
  if (!isNatural(offset)) throw malformed()
  return new TypedStorage(dtype, storage, offset)
}

const callsOf = (file: SourceFile) => {
  const tensor = (
    source: unknown,
    offset: unknown,
    shape: unknown,
    strides: unknown,
    dtype?: StoredDType
  ) => {
    if (!(source instanceof TypedStorage)) return undefined
    const type = source.dtype ?? dtype
    if (!type) return undefined
    if (!isNatural(offset) || !isNaturals(shape) || !isNaturals(strides) || strides.length !== shape.length)
      throw file.damaged('it describes a tensor in an unknown way')
    const view = new StoredTensor({
      dtype: type,
      shape,
      strides,
      offset: source.offset + offset,
      storage: source.storage
    })
    checkTensor(file, view)
    return view
  }
  const plain = ([storage, offset, shape, strides]: unknown[]) => tensor(storage, offset, shape, strides)
  const first = ([data]: unknown[]) => data
  const rebuilds = new Map<string, (args: unknown[]) => unknown>([
    ['torch._utils._rebuild_tensor', plain],
    ['torch._utils._rebuild_tensor_v2', plain],
    [
      'torch._utils._rebuild_tensor_v3',
      ([storage, offset, shape, strides, , , dtype]) =>
        tensor(storage, offset, shape, strides, dtype instanceof Global ? fromTorch(dtype.name) : undefined)
    ],
    ['torch._utils._rebuild_parameter', first],
    ['torch._utils._rebuild_parameter_with_state', first]
  ])
  // (function, class, its arguments, state): subclasses of Tensor
  const fromType = ([rebuild, , args]: unknown[]) =>
    rebuild instanceof Global && Array.isArray(args) ? rebuilds.get(rebuild.name)?.(args) : undefined
  return new Map([
    ...rebuilds,
    ['torch._tensor._rebuild_from_type_v2', fromType],
    ['torch._tensor._rebuild_from_type', fromType],
    ['torch._utils._rebuild_from_type_v2', fromType]
  ])
}
