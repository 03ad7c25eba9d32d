import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'

/** Of open(2) on macOS and the BSDs, unknown to Node: takes the file's lock, which ends with the process. */
const exclusiveLock = 0x20

/** A Unix socket of Linux's abstract namespace: no file, and gone with its process. */
const listen = async (dir: string) => {
  const name = createHash('sha256')
    .update(await realpath(dir))
    .digest('hex')
  const server = net.createServer(connection => connection.destroy())
  await once(server.listen(`\0clipmill-${name}`), 'listening')
  server.unref()
  return async () => {
    server.close()
    await once(server, 'close')
  }
}

const lockFile = async (dir: string) => {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants
  const handle = await open(path.join(dir, 'lock'), O_RDWR | O_CREAT | O_NONBLOCK | exclusiveLock)
  return () => handle.close()
}

/**
 * Keeps a folder for this process until the returned function is called or the process ends, however it ends.
 * @throws Fault store-in-use where another process has it.
 */
export const lockFolder = async (dir: string) => {
  const lock = process.platform === 'linux' ? listen : lockFile
  return lock(dir).catch((error: unknown) => {
    const { code = '' } = error as NodeJS.ErrnoException
    throw ['EADDRINUSE', 'EAGAIN'].includes(code) ? new Fault('store-in-use', { dir }) : error
  })
}
