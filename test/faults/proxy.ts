import { once } from 'node:events'
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What becomes of a request: it is passed on, answered late, answered with an error, or its connection is cut while it
 * or its answer is half on its way.
 */
export type Fate = 'pass' | 'late' | 'cut-request' | 'cut-answer' | { status: number; code: string }

/** A request as its fate is decided on; `key` is empty for a listing. */
export interface Asked {
  method: string
  bucket: string
  key: string
}

/** Stands between a client and the store at `target()`, which may change; `fateOf` decides on each request. */
export const startProxy = async (target: () => string, fateOf: (asked: Asked) => Fate = () => 'pass') => {
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url!, 'http://proxy')
    const [, bucket, ...key] = decodeURIComponent(pathname).split('/')
    const fate = fateOf({ method: request.method!, bucket, key: key.join('/') })
    if (fate === 'cut-request') {
      // Some of its body has come, where it has any.
      if (Number(request.headers['content-length'] ?? 0) > 0) await once(request, 'data')
      return void request.socket.destroy()
    }
    if (typeof fate === 'object') {
      await request.resume().toArray()
      const body = `<Error><Code>${fate.code}</Code><Message>${fate.code}</Message></Error>`
      const headers = { 'content-type': 'application/xml', 'content-length': body.length }
      return void response.writeHead(fate.status, headers).end(request.method === 'HEAD' ? undefined : body)
    }
    if (fate === 'late') await sleep(300)
    const { method, headers } = request
    const passed = send(`${target()}${request.url}`, { method, headers, agent: false })
    passed.on('error', () => response.destroy())
    request.pipe(passed)
    const [answer] = (await once(passed, 'response')) as [IncomingMessage]
    response.writeHead(answer.statusCode!, answer.headers)
    if (fate === 'pass' || fate === 'late') return void answer.pipe(response)
    response.flushHeaders()
    const body = Buffer.concat(await answer.toArray())
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}
