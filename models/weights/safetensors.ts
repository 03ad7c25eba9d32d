/** safetensors (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header, the tensors. */

import { sizeOf, stridesOf } from '../graph/data.ts'
import { cursorOver } from './cursor.ts'
import { bytesPerElement, fromSafetensors } from './dtypes.ts'
import type { SourceFile } from './file.ts'
import { StoredTensor, isNaturals } from './tensor.ts'

// the format allows 100 MB; 16 MiB name 100,000 tensors
const maxHeader = 2 ** 24

/** Tensors in the file's order, and the header's __metadata__. Throws weights-unreadable or weights-unsupported. */
export const readSafetensors = (file: SourceFile) => {
  const cursor = cursorOver(file, 0, file.size)
  const headerSize = cursor.u64()
  if (headerSize > maxHeader) throw file.damaged(`its header has ${headerSize} bytes`)
  const header = parseHeader(file, new TextDecoder().decode(file.read(8, headerSize)))
  const { __metadata__: metadata = {}, ...rest } = header
  if (!isRecord(metadata)) throw file.damaged('its __metadata__ is no object')

  const begin = 8 + headerSize
  const placed = Object.entries(rest).map(([name, entry]) => tensorOf(file, begin, name, entry))
  placed.sort((a, b) => a.from - b.from || a.to - b.to)
  // no holes, no overlaps, nothing behind the last
  const end = placed.reduce((at, { name, from, to }) => {
    if (from !== at) throw file.damaged(`the bytes of ${JSON.stringify(name)} overlap others or leave a hole`)
    return to
  }, 0)
  if (begin + end !== file.size)
    throw file.damaged(`its header describes ${begin + end} bytes and ${file.size} are there`)
  return { tensors: new Map(placed.map(({ name, tensor }) => [name, tensor])), metadata }
}

const parseHeader = (file: SourceFile, text: string) => {
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) throw file.damaged('its header is not JSON')
    throw cause
  }
  if (!isRecord(header)) throw file.damaged('its header is no object')
  // JSON.parse keeps the last of two equal keys
  if (colonsIn(text) !== keysIn(header))
    throw file.damaged('its header names something twice or is nested too deep')
  return header
}

/** Colons outside of quotes: one a key. */
const colonsIn = (json: string) => {
  let colons = 0
  let quoted = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (c === '"') quoted = !quoted
    else if (c === '\\' && quoted) i++
    else if (c === ':' && !quoted) colons++
  }
  return colons
}

const keysIn = (record: Record<string, unknown>) =>
  Object.values(record).reduce<number>(
    (n, value) => n + 1 + (isRecord(value) ? Object.keys(value).length : 0),
    0
  )

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const tensorOf = (file: SourceFile, begin: number, name: string, entry: unknown) => {
  const wrong = (what: string) => file.damaged(`its header gives ${JSON.stringify(name)} ${what}`)
  if (!isRecord(entry)) throw wrong('no description')
  const { dtype: typeName, shape, data_offsets: offsets } = entry
  const dtype = fromSafetensors(typeName)
  if (!dtype)
    throw file.unsupported(`${JSON.stringify(name)} has the element type ${JSON.stringify(typeName)}`)
  if (!isNaturals(shape)) throw wrong('no shape')
  if (!isNaturals(offsets) || offsets.length !== 2) throw wrong('no data_offsets')
  const [from, to] = offsets as [number, number]
  if (to - from !== sizeOf(shape) * bytesPerElement(dtype)) throw wrong(`a shape that does not fit its bytes`)
  const tensor = new StoredTensor({
    dtype,
    shape,
    strides: stridesOf(shape),
    offset: 0,
    storage: { bytes: to - from, position: () => begin + from }
  })
  return { name, from, to, tensor }
}
