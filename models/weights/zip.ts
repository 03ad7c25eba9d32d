/** The directory of a zip archive (APPNOTE 6.3.10, with zip64), without reading what is in it. */

import { crc32 } from 'node:zlib'
import type { Cursor } from './cursor.ts'
import { cursorOver } from './cursor.ts'
import type { SourceFile } from './file.ts'

interface ZipEntry {
  readonly size: number
  /** The byte in the file at which the entry's content begins; checks its checksum the first time. */
  position(): number
}

const endSize = 22
const maxComment = 0xffff
// the largest checkpoints have some 10,000 entries of about 100 bytes
const maxDirectory = 2 ** 25

/** All entries by name. Throws weights-unreadable, and weights-unsupported for encrypted or compressed entries on use. */
export const readZip = (file: SourceFile): Map<string, ZipEntry> => {
  const { at, size, count } = directoryOf(file)
  if (at + size > file.size) throw file.damaged('the directory of the archive lies beyond its end')
  if (size > maxDirectory) throw file.damaged(`the directory of the archive has ${size} bytes`)
  const cursor = cursorOver(file, at, at + size)
  const entries = new Map<string, ZipEntry>()
  for (let i = 0; i < count; i++) {
    const [name, entry] = readEntry(file, cursor)
    if (entries.has(name)) throw file.damaged(`the archive has two entries ${JSON.stringify(name)}`)
    entries.set(name, entry)
  }
  return entries
}

const directoryOf = (file: SourceFile) => {
  const tailAt = Math.max(0, file.size - endSize - maxComment)
  const tail = Buffer.from(file.read(tailAt, file.size - tailAt).buffer)
  const end = tail.lastIndexOf('PK\x05\x06', -endSize, 'latin1')
  if (end < 0) throw file.damaged('it is cut short: the directory at the end of the archive is missing')
  const cursor = cursorOver(file, tailAt + end + 10, file.size)
  const short = { count: cursor.u16(), size: cursor.u32(), at: cursor.u32() }

  // zip64's locator stands directly before the end record
  const locator = end - 20
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) return short
  const long = cursorOver(file, Number(tail.readBigUInt64LE(locator + 8)), file.size)
  if (long.u32() !== 0x06064b50) throw file.damaged('the zip64 record of the archive is missing')
  long.skip(28)
  return { count: long.u64(), size: long.u64(), at: long.u64() }
}

const readEntry = (file: SourceFile, cursor: Cursor): [string, ZipEntry] => {
  if (cursor.u32() !== 0x02014b50) throw file.damaged('the directory of the archive is damaged')
  cursor.skip(4)
  const flags = cursor.u16()
  const method = cursor.u16()
  cursor.skip(4)
  const checksum = cursor.u32()
  let packed = cursor.u32()
  let size = cursor.u32()
  const nameLength = cursor.u16()
  const extraLength = cursor.u16()
  const commentLength = cursor.u16()
  cursor.skip(8)
  let header = cursor.u32()
  const name = Buffer.from(cursor.take(nameLength)).toString()
  const extraEnd = cursor.position + extraLength
  while (cursor.position + 4 <= extraEnd) {
    const id = cursor.u16()
    const fieldEnd = cursor.position + cursor.u16() + 2
    if (id === 1) {
      // zip64: only those that do not fit into 32 bits, in this order
      if (size === 0xffffffff) size = cursor.u64()
      if (packed === 0xffffffff) packed = cursor.u64()
      if (header === 0xffffffff) header = cursor.u64()
    }
    if (fieldEnd < cursor.position || fieldEnd > extraEnd)
      throw file.damaged('the directory of the archive is damaged')
    cursor.skip(fieldEnd - cursor.position)
  }
  cursor.skip(extraEnd - cursor.position + commentLength)
  if (packed > file.size || (method === 0 && size !== packed))
    throw file.damaged(`the archive's entry ${JSON.stringify(name)} has an impossible size`)

  let found: number | undefined
  return [name, { size, position: () => (found ??= locate()) }]

  function locate() {
    if (flags & 1) throw file.unsupported('its archive is encrypted')
    if (method !== 0) throw file.unsupported('its archive is compressed, which PyTorch does not do')
    const local = cursorOver(file, header, file.size)
    if (local.u32() !== 0x04034b50)
      throw file.damaged(`the archive's entry ${JSON.stringify(name)} is missing`)
    local.skip(22)
    local.skip(local.u16() + local.u16())
    // 0 stands where the writer computed none
    if (checksum && checksumOf(file, local.position, size) !== checksum)
      throw file.damaged(`the content of ${JSON.stringify(name)} does not match its checksum`)
    return local.position
  }
}

const chunk = 2 ** 22

const checksumOf = (file: SourceFile, at: number, size: number) => {
  let sum = 0
  for (let done = 0; done < size; done += chunk)
    sum = crc32(file.read(at + done, Math.min(chunk, size - done)), sum)
  return sum
}
