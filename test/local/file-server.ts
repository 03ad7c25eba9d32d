import { createServer, type IncomingHttpHeaders } from 'node:http'
import { onTestFinished } from 'vitest'

/** What a server does with one request. */
export interface Manner {
  /** Answers so, without a file. */
  status?: number
  /** Cuts the connection, or falls silent, after so many bytes of the body. */
  cutAfter?: number
  silentAfter?: number
  /** Gives this instead of the file. */
  instead?: { type: string; body: string | Uint8Array }
  /** Sends all of the file whatever range is asked for. */
  ignoresRanges?: true
  etag?: string
}

/** A web server with one file at every address, until the test ends: it goes through the manners, and stays with the last. */
export const serveFile = async (bytes: Uint8Array, manners: Manner[] = [{}]) => {
  const requests: { url: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    const manner = manners[Math.min(requests.length, manners.length - 1)]
    requests.push({ url, headers })
    if (manner.status !== undefined) {
      response.writeHead(manner.status).end('trouble')
      return
    }
    if (manner.instead) {
      const { type, body } = manner.instead
      response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body)
      return
    }
    const etag = manner.etag ?? '"1"'
    const [, range] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
    const partial = range && headers['if-range'] === etag && !manner.ignoresRanges
    const begin = partial ? Number(range) : 0
    if (partial && begin >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    response.writeHead(partial ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': bytes.length - begin,
      etag,
      ...(partial && { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` })
    })
    const { cutAfter, silentAfter } = manner
    const end = cutAfter ?? silentAfter
    if (end === undefined) response.end(bytes.subarray(begin))
    else
      response.write(bytes.subarray(begin, begin + end), () => {
        // A little later, so that what was sent has arrived.
        if (cutAfter !== undefined) setTimeout(() => response.destroy(), 50)
      })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    address: `http://127.0.0.1:${port}`,
    requests,
    ranges: () => requests.map(({ headers }) => headers.range)
  }
}
