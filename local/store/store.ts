import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault } from '../../events/faults.ts'
import type { ObjectCreated } from '../../events/upload.ts'
import { receive, receiveXml } from './body.ts'
import type { Call, Reply } from './call.ts'
import { openCatalogue } from './catalogue.ts'
import { corsHeaders, preflight } from './cors.ts'
import { daily } from './daily.ts'
import { objectCreated } from './events.ts'
import { isForm } from './form.ts'
import { patience } from './limits.ts'
import { postForm } from './post.ts'
import { errorReply, send } from './replies.ts'
import { flatHeaders, hoistedHeaders, target } from './requests.ts'
import { route } from './routes.ts'
import { authorize } from './signature.ts'
import type { Credentials } from './signature.ts'

// Milliseconds.
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
  /** Those of them that keep objects for a week after they are deleted or newer ones take their place. */
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
  /**
   * The events of all objects that a bucket has, also of those that are no longer the newest, oldest first: who missed
   * some while it was away finds them here.
   */
  objects: (bucket: string) => ObjectCreated[]
  /** Lets requests under way end, for 5 seconds, then frees port and folder. */
  close: () => Promise<void>
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
    const headers = { ...hoistedHeaders(query), ...sent }
    const begin = () => {
      // With Expect: 100-continue the client sends its body only now that the request is found right.
      if (headers.expect) response.writeContinue()
    }
    const created: Call['created'] = (object, reason) => {
      const event = objectCreated(catalogue.bucket(bucket), object, reason, { region, requestId })
      for (const listener of listeners) setImmediate(listener, event)
    }
    const call = { catalogue, region, method, bucket, key, query, headers, created }

    if (method === 'OPTIONS') return preflight(call)
    if (method === 'POST' && bucket !== '' && key === '' && isForm(sent)) {
      begin()
      return postForm(request, credentials, call)
    }
    const authorization = authorize({ method, path, query, headers: sent }, credentials, region, Date.now())
    // A copy may take longer than silence is borne otherwise.
    if ('x-amz-copy-source' in headers) request.socket.setTimeout(0)
    const handler = route(method, call, query, headers)
    return handler({
      ...call,
      receive: (write, algorithm) => {
        begin()
        return receive(request, headers, authorization, write, algorithm)
      },
      receiveXml: (bodyHeaders = headers) => {
        begin()
        return receiveXml(request, bodyHeaders, authorization)
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
        errorReply(error, request.url ?? '', requestId)
      )
      request.socket.setTimeout(patience.idle)
      await send(request, response, { ...reply, headers: { ...cors(request), ...reply.headers } }, requestId)
      // What is left of a refused body, so that the answer is seen and the connection can be used again.
      request.resume()
      if (!request.complete) {
        const refused = setTimeout(() => request.destroy(), patience.refused)
        request.once('close', () => clearTimeout(refused))
      }
      if (!server.listening) request.socket.end()
    } catch {
      // The client went away, or the data could not be read in mid-answer: it must not look whole.
      response.destroy()
    }
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => void serve(request, response)
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, listener)
  server.on('checkContinue', listener).setTimeout(patience.idle)
  try {
    const present = new Set(catalogue.buckets().map(({ name }) => name))
    for (const name of buckets)
      if (!present.has(name)) await catalogue.createBucket(name, { versioned: versioned.includes(name) })
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    await catalogue.close()
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new Fault('port-in-use', { port })
    throw error
  }

  const stopSweeping = daily(() => catalogue.dropOlder(Date.now() - olderLimit))

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onObjectCreated: listener => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    objects: name => {
      const bucket = catalogue.bucket(name)
      return [...(bucket.older?.values() ?? []), bucket.objects.values()]
        .flatMap(objects => [...objects])
        .toSorted((a, b) => a.sequencer - b.sequencer)
        .map(object => objectCreated(bucket, object, 'PutObject', { region, requestId: 'replayed' }))
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      const closing = setTimeout(() => server.closeAllConnections(), patience.close)
      await closed
      clearTimeout(closing)
      await stopSweeping()
      await catalogue.close()
    }
  }
}
