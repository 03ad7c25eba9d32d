import type { SourceFile } from './file.ts'

/** Reads forward through a part of a file, a page at a time. Every read beyond the end is weights-unreadable. */
export interface Cursor {
  readonly position: number
  u8(): number
  u16(): number
  u32(): number
  i32(): number
  /** an unsigned 64-bit number that must lie within the file */
  u64(): number
  /** big-endian, as pickles write it */
  f64(): number
  /** a view, valid until the next read */
  take(length: number): Uint8Array
  /** the bytes up to the next line feed, at most `max`, as latin-1 */
  line(max: number): string
  skip(length: number): void
}

const pageSize = 2 ** 16

/** @param end byte offset in the file at which what is read must have ended */
export const cursorOver = (file: SourceFile, start: number, end: number): Cursor => {
  let position = start
  let page = new Uint8Array(0)
  let pageAt = start
  let view = new DataView(page.buffer)

  // replaces the page: its result must be known before the page is looked at
  /** Makes `length` bytes at the position part of the page and moves on; gives their index in the page. */
  const advance = (length: number) => {
    if (length > end - position) throw file.damaged(`it is cut short at byte ${end}`)
    if (position + length > pageAt + page.length) {
      page = file.read(position, Math.max(length, Math.min(pageSize, end - position)))
      pageAt = position
      view = new DataView(page.buffer)
    }
    const index = position - pageAt
    position += length
    return index
  }
  const take = (length: number) => {
    const at = advance(length)
    return page.subarray(at, at + length)
  }

  return {
    get position() {
      return position
    },
    u8: () => {
      const at = advance(1)
      return page[at]
    },
    u16: () => {
      const at = advance(2)
      return view.getUint16(at, true)
    },
    u32: () => {
      const at = advance(4)
      return view.getUint32(at, true)
    },
    i32: () => {
      const at = advance(4)
      return view.getInt32(at, true)
    },
    u64: () => {
      const at = advance(8)
      const value = Number(view.getBigUint64(at, true))
      if (value > file.size) throw file.damaged(`it announces ${value} bytes and has ${file.size}`)
      return value
    },
    f64: () => {
      const at = advance(8)
      return view.getFloat64(at, false)
    },
    take,
    line: max => {
      const bytes: number[] = []
      for (;;) {
        const at = advance(1)
        const byte = page[at]
        if (byte === 10) return String.fromCharCode(...bytes)
        if (bytes.push(byte) > max) throw file.damaged('a line of text in it has no end')
      }
    },
    skip: length => {
      if (length > end - position) throw file.damaged(`it is cut short at byte ${end}`)
      position += length
    }
  }
}
