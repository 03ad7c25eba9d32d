/** Pickles and archives as PyTorch writes them, and as it never would. */

import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'

export const text = (value: string) => {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([Buffer.from('X'), length, bytes])
}

export const global = (name: string) => {
  const dot = name.lastIndexOf('.')
  return Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`)
}

const number = (value: number) => {
  const bytes = Buffer.alloc(10)
  bytes.write('\x8a\x08', 'latin1')
  bytes.writeBigInt64LE(BigInt(value), 2)
  return bytes
}

const tuple = (...parts: Uint8Array[]) => Buffer.concat([Buffer.from('('), ...parts, Buffer.from('t')])

const call = (callee: string, ...args: Uint8Array[]) =>
  Buffer.concat([global(callee), tuple(...args), Buffer.from('R')])

interface View {
  storage?: string
  key: string
  elements: number
  offset?: number
  shape: number[]
  strides: number[]
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())` */
export const tensor = ({
  storage = 'torch.FloatStorage',
  key,
  elements,
  offset = 0,
  shape,
  strides
}: View) => {
  const id = tuple(text('storage'), global(storage), text(key), text('cpu'), number(elements))
  return call(
    'torch._utils._rebuild_tensor_v2',
    Buffer.concat([id, Buffer.from('Q')]),
    number(offset),
    tuple(...shape.map(number)),
    tuple(...strides.map(number)),
    Buffer.from('\x89', 'latin1'),
    call('collections.OrderedDict')
  )
}

export const dict = (entries: Record<string, Uint8Array>) =>
  Buffer.concat([
    Buffer.from('}('),
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
    Buffer.from('u')
  ])

export const pickle = (value: Uint8Array) =>
  Buffer.concat([Buffer.from('\x80\x02', 'latin1'), value, Buffer.from('.')])

/** A number stands for as many zero bytes, which take no room on the disk. */
export type Content = Uint8Array | number

/** Stored entries without checksums, with zip64 fields throughout, as miniz writes large archives. */
export const writeZip = (path: string, entries: [string, Content][], { method = 0 } = {}) => {
  const descriptor = openSync(path, 'w')
  const directory: Buffer[] = []
  let at = 0
  const put = (bytes: Uint8Array) => {
    writeSync(descriptor, bytes, 0, bytes.length, at)
    at += bytes.length
  }
  for (const [name, content] of entries) {
    const size = typeof content === 'number' ? content : content.length
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)

    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50)
    central.writeUInt16LE(method, 10)
    central.fill(0xff, 20, 28)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt16LE(28, 30)
    central.fill(0xff, 42, 46)
    const extra = Buffer.alloc(28)
    extra.writeUInt16LE(1)
    extra.writeUInt16LE(24, 2)
    extra.writeBigUInt64LE(BigInt(size), 4)
    extra.writeBigUInt64LE(BigInt(size), 12)
    extra.writeBigUInt64LE(BigInt(at), 20)
    directory.push(central, Buffer.from(name), extra)

    put(Buffer.concat([local, Buffer.from(name)]))
    if (typeof content === 'number') at += content
    else put(content)
  }
  const directoryAt = BigInt(at)
  const all = Buffer.concat(directory)
  put(all)
  const record = Buffer.alloc(56 + 20 + 22)
  record.writeUInt32LE(0x06064b50)
  record.writeBigUInt64LE(BigInt(entries.length), 32)
  record.writeBigUInt64LE(BigInt(all.length), 40)
  record.writeBigUInt64LE(directoryAt, 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(at), 64)
  record.writeUInt32LE(0x06054b50, 76)
  put(record)
  ftruncateSync(descriptor, at)
  closeSync(descriptor)
  return path
}
