import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { Fault } from '../../events/faults.ts'

/** A file that is read piece by piece, and whose faults name it. */
export interface SourceFile {
  readonly path: string
  /** bytes */
  readonly size: number
  /** `length` bytes at `offset`, in a buffer of their own. Throws weights-unreadable where the file is shorter. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>
  damaged(reason: string): Fault
  unsupported(reason: string): Fault
  /** May be called again. */
  close(): void
}

// one call of the system reads no more than 2 GiB
const maxRead = 2 ** 30

/** Throws weights-unopenable. */
export const openSource = (path: string): SourceFile => {
  const descriptor = openRegular(path)
  let open = true
  const { size } = fstatSync(descriptor)
  const damaged = (reason: string) => new Fault('weights-unreadable', { file: path, reason })
  return {
    path,
    size,
    read(offset, length) {
      // The system may have given the descriptor to another file by now.
      if (!open) throw new Error(`${path} is closed`)
      if (offset + length > size)
        throw damaged(`it is cut short: ${offset + length} bytes are expected and ${size} are there`)
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length;) {
        const n = readSync(descriptor, bytes, done, Math.min(length - done, maxRead), offset + done)
        if (n === 0) throw damaged('it became shorter while it was read')
        done += n
      }
      return bytes
    },
    damaged,
    unsupported: reason => new Fault('weights-unsupported', { file: path, reason }),
    close: () => {
      if (open) closeSync(descriptor)
      open = false
    }
  }
}

const openRegular = (path: string) => {
  try {
    // asked before opening: a pipe would wait for its writer
    if (!statSync(path).isFile()) throw new Fault('weights-unopenable', { file: path, reason: 'no-file' })
    return openSync(path, 'r')
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('weights-unopenable', { file: path, reason: reasonOf(cause) }, { cause })
  }
}

const reasonOf = (error: unknown): 'missing' | 'forbidden' | 'failed' => {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : code === 'EACCES' ? 'forbidden' : 'failed'
}
