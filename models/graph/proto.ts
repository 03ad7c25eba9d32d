/**
 * ONNX's protocol buffers (onnx.proto of IR version 9), as tables of fields: the number on the wire and the type.
 * Unknown fields are skipped when reading, and absent ones are absent from the object.
 */

const schema = {
  ModelProto: {
    irVersion: [1, 'int64'],
    opsetImport: [8, 'OperatorSetIdProto[]'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    domain: [4, 'string'],
    modelVersion: [5, 'int64'],
    docString: [6, 'string'],
    graph: [7, 'GraphProto'],
    metadataProps: [14, 'StringStringEntryProto[]']
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, 'NodeProto[]'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto[]'],
    docString: [10, 'string'],
    input: [11, 'ValueInfoProto[]'],
    output: [12, 'ValueInfoProto[]'],
    valueInfo: [13, 'ValueInfoProto[]']
  },
  NodeProto: {
    input: [1, 'string[]'],
    output: [2, 'string[]'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeProto[]'],
    docString: [6, 'string'],
    domain: [7, 'string']
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, 'float[]'],
    ints: [8, 'int64[]'],
    strings: [9, 'bytes[]'],
    tensors: [10, 'TensorProto[]'],
    graphs: [11, 'GraphProto[]'],
    docString: [13, 'string'],
    type: [20, 'int64']
  },
  TensorProto: {
    dims: [1, 'int64[]'],
    dataType: [2, 'int64'],
    floatData: [4, 'float[]'],
    int32Data: [5, 'int64[]'],
    stringData: [6, 'bytes[]'],
    int64Data: [7, 'int64[]'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    doubleData: [10, 'double[]'],
    uint64Data: [11, 'uint64[]'],
    docString: [12, 'string'],
    externalData: [13, 'StringStringEntryProto[]'],
    dataLocation: [14, 'int64']
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'], docString: [3, 'string'] },
  TypeProto: { tensorType: [1, 'TypeProtoTensor'], denotation: [6, 'string'] },
  TypeProtoTensor: { elemType: [1, 'int64'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, 'DimensionProto[]'] },
  DimensionProto: { dimValue: [1, 'int64'], dimParam: [2, 'string'], denotation: [3, 'string'] }
} as const satisfies Record<string, Record<string, readonly [field: number, type: string]>>

type Schema = typeof schema
type MessageName = keyof Schema

/** A number where it is exact, else a bigint. */
type Int64 = number | bigint

interface Scalars {
  int64: Int64
  uint64: Int64
  float: number
  double: number
  string: string
  bytes: Uint8Array
}
type Field<T> = T extends `${infer Item}[]`
  ? Field<Item>[]
  : T extends keyof Scalars
    ? Scalars[T]
    : T extends MessageName
      ? Message<T>
      : never
export type Message<N extends MessageName> = { -readonly [K in keyof Schema[N]]?: FieldOf<Schema[N][K]> }
type FieldOf<F> = F extends readonly [number, infer T] ? Field<T> : never

interface FieldRow {
  key: string
  field: number
  type: string
  list: boolean
}
type Generic = Record<string, unknown>

const rows = Object.fromEntries(
  Object.entries(schema).map(([name, fields]) => [
    name,
    Object.entries(fields).map(([key, [field, type]]: [string, readonly [number, string]]): FieldRow => ({
      key,
      field,
      type: type.replace('[]', ''),
      list: type.endsWith('[]')
    }))
  ])
)

/** Wire types of the encoding. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const
const wireOf: Partial<Record<string, number>> = {
  int64: wire.varint,
  uint64: wire.varint,
  float: wire.fixed32,
  double: wire.fixed64
}

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() }

// Writing

const varint = (out: number[], value: Int64) => {
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
}

const fixed = (bytes: 4 | 8, value: number) => {
  const view = new DataView(new ArrayBuffer(bytes))
  if (bytes === 4) view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  return new Uint8Array(view.buffer)
}

/** Chunks of bytes, joined once at the end. */
class Writer {
  readonly chunks: Uint8Array[] = []
  length = 0

  push(bytes: Uint8Array) {
    this.chunks.push(bytes)
    this.length += bytes.length
  }
  varints(...values: Int64[]) {
    const out: number[] = []
    for (const value of values) varint(out, value)
    this.push(Uint8Array.from(out))
  }
  block(field: number, block: { chunks: readonly Uint8Array[]; length: number }) {
    this.varints(field * 8 + wire.bytes, block.length)
    for (const chunk of block.chunks) this.push(chunk)
  }
}

const scalar = (w: Writer, type: string, value: unknown) => {
  if (type === 'float') w.push(fixed(4, value as number))
  else if (type === 'double') w.push(fixed(8, value as number))
  else w.varints(value as Int64)
}

const writeMessage = (name: string, message: Generic): Writer => {
  const w = new Writer()
  for (const { key, field, type, list } of rows[name]) {
    const value = message[key]
    if (value === undefined) continue
    const wireType = wireOf[type]
    if (wireType === undefined)
      for (const item of list ? (value as unknown[]) : [value])
        if (type === 'string') w.block(field, single(utf8.encode.encode(item as string)))
        else if (type === 'bytes') w.block(field, single(item as Uint8Array))
        else w.block(field, writeMessage(type, item as Generic))
    else if (list) {
      const packed = new Writer()
      for (const item of value as unknown[]) scalar(packed, type, item)
      if (packed.length) w.block(field, packed)
    } else {
      w.varints(field * 8 + wireType)
      scalar(w, type, value)
    }
  }
  return w
}

const single = (bytes: Uint8Array) => ({ chunks: [bytes], length: bytes.length })

/** The bytes of a message; numbers in lists are packed. */
export const encode = <N extends MessageName>(name: N, message: Message<N>): Uint8Array => {
  const { chunks, length } = writeMessage(name, message)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

// Reading

class Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  get done() {
    return this.at >= this.bytes.length
  }
  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new RangeError('the message ends within a number')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number is longer than 64 bits')
  }
  take(length: number) {
    if (length > this.bytes.length - this.at) throw new RangeError('the message ends within a field')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
  block() {
    return this.take(Number(this.varint()))
  }
  scalar(type: string): Int64 {
    if (type === 'float') return this.view.getFloat32(this.skip(4), true)
    if (type === 'double') return this.view.getFloat64(this.skip(8), true)
    const bits = this.varint()
    const value = type === 'uint64' ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  private skip(length: number) {
    const start = this.at
    this.take(length)
    return start
  }
}

const skipField = (reader: Reader, wireType: number) => {
  if (wireType === wire.varint) reader.varint()
  else if (wireType === wire.fixed64) reader.take(8)
  else if (wireType === wire.bytes) reader.block()
  else if (wireType === wire.fixed32) reader.take(4)
  else throw new RangeError(`wire type ${wireType} is unknown`)
}

const readField = (reader: Reader, type: string): unknown => {
  if (wireOf[type] !== undefined) return reader.scalar(type)
  const bytes = reader.block()
  return type === 'string' ? utf8.decode.decode(bytes) : type === 'bytes' ? bytes : readMessage(type, bytes)
}

const readMessage = (name: string, bytes: Uint8Array): Generic => {
  const reader = new Reader(bytes)
  const message: Generic = {}
  while (!reader.done) {
    const tag = Number(reader.varint())
    const wireType = tag % 8
    const row = rows[name].find(({ field }) => field === Math.floor(tag / 8))
    const packed = row?.list && wireType === wire.bytes && wireOf[row.type] !== undefined
    if (!row || (!packed && wireType !== (wireOf[row.type] ?? wire.bytes))) {
      skipField(reader, wireType)
      continue
    }
    if (!row.list) {
      message[row.key] = readField(reader, row.type)
      continue
    }
    const list = (message[row.key] ??= []) as unknown[]
    if (packed) {
      const block = new Reader(reader.block())
      while (!block.done) list.push(block.scalar(row.type))
    } else list.push(readField(reader, row.type))
  }
  return message
}

/**
 * Reads a message, whoever wrote it; `bytes` fields are views of the given bytes.
 * @throws RangeError where the bytes are no such message.
 */
export const decode = <N extends MessageName>(name: N, bytes: Uint8Array): Message<N> =>
  readMessage(name, bytes) as Message<N>
