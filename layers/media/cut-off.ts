import { open, type FileHandle } from 'node:fs/promises'

/** How long a part of a file says it is, in bytes with its header; undefined where it does not say. */
type Measure = (header: Buffer) => number | undefined

/** ISO 14496-12, 4.2: size 1 stands for 64 bits behind the type, size 0 for all that follows. */
const box: Measure = header => {
  const size = header.readUInt32BE(0)
  if (size === 1) return Number(header.readBigUInt64BE(8))
  return size < 8 ? undefined : size
}

/** RIFF: an even number of bytes behind type and size. */
const chunk: Measure = header => 8 + 2 * Math.ceil(header.readUInt32LE(4) / 2)

/** RFC 8794, 4 and 5: an id and a size of as many bytes as their first bit that is set says; all bits set: unknown. */
const element: Measure = header => {
  const idBytes = Math.clz32(header[0]) - 23
  const sizeBytes = Math.clz32(header[idBytes]) - 23
  if (idBytes > 4 || sizeBytes > 8) return undefined
  const size = BigInt.asUintN(
    7 * sizeBytes,
    BigInt(`0x${header.subarray(idBytes, idBytes + sizeBytes).toString('hex')}`)
  )
  const unknown = size === (1n << BigInt(7 * sizeBytes)) - 1n
  return unknown ? undefined : idBytes + sizeBytes + Number(size)
}

const measures: Record<string, Measure> = { mov: box, avi: chunk, matroska: element }

/** Fragments of 28 hours, one a second; what has more is damaged, and would take long to go through. */
const mostParts = 1e5

/** Whether a file ends before the last of its outermost parts does; false where its container has no such parts. */
export const isCutOff = async (file: string, container: string) => {
  const measure = measures[container]
  if (!measure) return false
  await using handle = await open(file)
  const { size } = await handle.stat()
  let at = 0
  for (let parts = 0; at < size && parts < mostParts; parts++) {
    const length = measure(await readHeader(handle, at))
    if (!length) return false
    at += length
  }
  return at > size
}

const readHeader = async (handle: FileHandle, position: number) => {
  const header = Buffer.alloc(16)
  await handle.read(header, 0, header.length, position)
  return header
}
