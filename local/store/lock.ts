import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpath, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'

/** Whether a living process listens there; the socket file of one that was killed stays, and refuses. */
const answers = (socket: string) =>
  new Promise<boolean>(resolve => {
    const connection = net.connect(socket)
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false))
    connection.unref().once('connect', () => connection.destroy())
  })

/**
 * Keeps a folder for this process until the returned function is called or the process ends, however it ends.
 * @throws Fault store-in-use where another process has it.
 */
export const lockFolder = async (dir: string) => {
  const name = createHash('sha256')
    .update(await realpath(dir))
    .digest('hex')
    .slice(0, 24)
  // Beside the temporary files, since a socket's path may have 100 characters only.
  const socket = path.join(os.tmpdir(), `clipmill-${name}.sock`)
  const listen = async () => {
    const server = net.createServer(connection => connection.destroy())
    await once(server.listen(socket), 'listening')
    return server.unref()
  }
  const server = await listen().catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (await answers(socket)) throw new Fault('store-in-use', { dir })
    await rm(socket, { force: true })
    return listen()
  })
  return async () => {
    server.close()
    await once(server, 'close')
  }
}
