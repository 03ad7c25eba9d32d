import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../events/faults.ts'
import type { ObjectCreated } from '../../events/upload.ts'
import { receive, receiveXml } from './body.ts'
import type { Reply } from './call.ts'
import { openCatalogue } from './catalogue.ts'
import { corsHeaders, preflight } from './cors.ts'
import { asS3Error, S3Error } from './errors.ts'
import { objectCreated } from './events.ts'
import { isForm } from './form.ts'
import { postForm } from './post.ts'
import { limits } from './limits.ts'
import { route } from './routes.ts'
import { authorize } from './signature.ts'
import type { Credentials } from './signature.ts'
import { xmlDocument } from './xml.ts'

// Milliseconds: a connection on which nothing moves; what a client gets to see that its body is refused; what requests
// get to end before the store closes.
const idleLimit = 120_000
const refusedLimit = 5000
const closeLimit = 5000
const olderLimit = 7 * 24 * 3600 * 1000

interface StoreOptions {
  /** The folder that holds everything; made where it is missing. */
  dir: string
  /** 0 takes a free one. */
  port?: number
  credentials: Credentials
  region: string
  /** Made where they are missing. */
  buckets: string[]
  /** Those of them that keep what newer objects take the place of, for a week. */
  versioned?: string[]
}

export interface Store {
  /** http://127.0.0.1:<port>, for path-style clients. */
  endpoint: string
  /**
   * Calls `listener` for each new object once it is safe on the disk and the client is told; returns how to stop that.
   * A process that dies in between never calls: `objects` has them all at the next start.
   */
  onObjectCreated: (listener: (event: ObjectCreated) => void) => () => void
  /** The events of the objects that are in a bucket, oldest first: who missed some while it was away finds them here. */
  objects: (bucket: string) => ObjectCreated[]
  /** Lets requests under way end, for 5 seconds, then frees port and folder. */
  close: () => Promise<void>
}

/** Bucket, key and query of a request's address, the path decoded. */
const target = (url: string) => {
  const [, rawPath = '', search = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? []
  const path = decode(rawPath)
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  if (Buffer.byteLength(key) > limits.key) throw new S3Error('KeyTooLongError')
  return { path, bucket, key, query: new URLSearchParams(search) }
}

const decode = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidURI')
  }
}

const flatHeaders = (request: IncomingMessage) =>
  Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')])
  )

/** x-amz-… headers that a presigned address carries in its query. */
const hoistedHeaders = (query: URLSearchParams) =>
  Object.fromEntries([...query].filter(([name]) => name.startsWith('x-amz-')))

const errorReply = (error: S3Error, resource: string, requestId: string): Reply => ({
  status: error.status,
  headers: { 'content-type': 'application/xml', ...(error.fields.ETag && { etag: error.fields.ETag }) },
  body: xmlDocument('Error', {
    Code: error.code,
    Message: error.message,
    ...error.fields,
    Resource: resource,
    RequestId: requestId
  })
})

const send = async (
  request: IncomingMessage,
  response: ServerResponse,
  { status = 200, headers = {}, body }: Reply,
  requestId: string
) => {
  if (typeof body === 'string')
    headers = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body), ...headers }
  const silent = request.method === 'HEAD' || status === 304
  if (silent && typeof body === 'string') delete headers['content-length']
  try {
    response.writeHead(status, {
      server: 'clipmill',
      'x-amz-request-id': requestId,
      'content-length': 0,
      ...headers
    })
  } catch (error) {
    if (typeof body === 'object') body.destroy()
    throw error
  }
  if (silent || body === undefined) response.end()
  else if (typeof body === 'string') response.end(body)
  else await pipeline(body, response)
}

/**
 * Starts the S3-compatible store of one machine on 127.0.0.1.
 * @throws Fault store-in-use, store-damaged, store-version, port-in-use
 */
export const startStore = async ({
  dir,
  port = 0,
  credentials,
  region,
  buckets,
  versioned = []
}: StoreOptions): Promise<Store> => {
  const catalogue = await openCatalogue(dir)
  const listeners = new Set<(event: ObjectCreated) => void>()

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string
  ): Promise<Reply> => {
    const { method = '', url = '' } = request
    const { path, bucket, key, query } = target(url)
    const sent = flatHeaders(request)
    // A form brings its signature in its fields; a preflight has none.
    const form = method === 'POST' && bucket !== '' && key === '' && isForm(sent)
    const authorization =
      form || method === 'OPTIONS'
        ? undefined
        : authorize({ method, path, query, headers: sent }, credentials, region, Date.now())
    const headers = { ...hoistedHeaders(query), ...sent }
    const begin = () => {
      // With Expect: 100-continue the client sends its body only now that the request is found right.
      if (headers.expect) response.writeContinue()
    }
    if (form) begin()
    const handler = form
      ? postForm(request, credentials, region)
      : method === 'OPTIONS'
        ? preflight
        : route(method, { bucket, key }, query, headers)
    return handler({
      catalogue,
      region,
      method,
      bucket,
      key,
      query,
      headers,
      receive: write => {
        begin()
        return receive(request, headers, authorization!, write)
      },
      receiveXml: (bodyHeaders = headers) => {
        begin()
        return receiveXml(request, bodyHeaders, authorization!)
      },
      created: (object, reason) => {
        const event = objectCreated(catalogue.bucket(bucket), object, reason, { region, requestId })
        for (const listener of listeners) setImmediate(listener, event)
      }
    })
  }

  /** Of bad answers too, so that a page can read them. */
  const cors = (request: IncomingMessage) => {
    const [, name] = /^\/([^/?]*)/.exec(request.url ?? '') ?? []
    const rules = catalogue.buckets().find(bucket => bucket.name === name)?.cors ?? []
    return corsHeaders(rules, request.method ?? '', flatHeaders(request))
  }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const requestId = randomBytes(8).toString('hex').toUpperCase()
    try {
      const reply = await answer(request, response, requestId).catch((error: unknown) =>
        errorReply(asS3Error(error), request.url ?? '', requestId)
      )
      await send(request, response, { ...reply, headers: { ...cors(request), ...reply.headers } }, requestId)
      // What is left of a refused body, so that the answer is seen and the connection can be used again.
      request.resume()
      if (!request.complete) {
        const patience = setTimeout(() => request.destroy(), refusedLimit)
        request.once('close', () => clearTimeout(patience))
      }
      if (!server.listening) request.socket.end()
    } catch {
      // The client went away, or the data could not be read in mid-answer: it must not look whole.
      response.destroy()
    }
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => void serve(request, response)
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, listener)
  server.on('checkContinue', listener).setTimeout(idleLimit)
  try {
    const present = new Set(catalogue.buckets().map(({ name }) => name))
    for (const name of buckets)
      if (!present.has(name)) await catalogue.createBucket(name, { versioned: versioned.includes(name) })
    await catalogue.dropOlder(Date.now() - olderLimit)
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    await catalogue.close()
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new Fault('port-in-use', { port })
    throw error
  }

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onObjectCreated: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    objects: name => {
      const bucket = catalogue.bucket(name)
      return [...bucket.objects.values()]
        .toSorted((a, b) => a.sequencer - b.sequencer)
        .map(object => objectCreated(bucket, object, 'PutObject', { region, requestId: 'replayed' }))
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      const patience = setTimeout(() => server.closeAllConnections(), closeLimit)
      await closed
      clearTimeout(patience)
      await catalogue.close()
    }
  }
}
