import { once } from 'node:events'
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { allows, type Statement } from './permissions.ts'

/** A request to S3, path-style. */
export interface S3Request {
  method: string
  bucket: string
  /** Empty where it concerns the bucket. */
  key: string
  query: URLSearchParams
}

interface GatewayOptions {
  /** Of the store that answers. */
  endpoint: string
  /** What the function's role allows. */
  statements: Statement[]
  /** Told of each request that was denied. */
  onDenied: (what: string) => void
  /** Told of each request as it comes. */
  onRequest?: (request: S3Request) => void
  /** Told of each request that brings something when its first bytes have gone to the store. */
  onBody?: (request: S3Request) => void
}

const none: Record<string, string> = {}

/** What S3 asks of a role for a request ("Required permissions for Amazon S3 API operations"). */
const needOf = ({ method, bucket, key, query }: S3Request) => {
  const [bucketArn, objectArn] = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/${key}`]
  const prefix = query.get('prefix')
  if (key === '')
    return {
      action: 's3:ListBucket',
      resource: bucketArn,
      context: prefix === null ? none : { 's3:prefix': prefix }
    }
  const action =
    method === 'GET' || method === 'HEAD'
      ? query.has('versionId')
        ? 's3:GetObjectVersion'
        : 's3:GetObject'
      : method === 'DELETE'
        ? query.has('uploadId')
          ? 's3:AbortMultipartUpload'
          : 's3:DeleteObject'
        : 's3:PutObject'
  return { action, resource: objectArn, context: none }
}

const denied =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

/** What stands between one function and the store: it passes on what the function's role allows, untouched. */
export const startGateway = async ({ endpoint, statements, onDenied, onRequest, onBody }: GatewayOptions) => {
  const deny = (response: ServerResponse, method: string, what: string) => {
    onDenied(what)
    response.writeHead(403, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? '' : denied)
  }
  /** Who may not list what has a key may not know that there is none. */
  const mayKnow = ({ bucket }: S3Request) => allows(statements, 's3:ListBucket', `arn:aws:s3:::${bucket}`)

  const pass = (asked: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams: query } = new URL(asked.url!, endpoint)
    const [bucket, ...rest] = pathname.slice(1).split('/').map(decodeURIComponent)
    const request = { method: asked.method!, bucket, key: rest.join('/'), query }
    onRequest?.(request)
    const { action, resource, context } = needOf(request)
    if (!allows(statements, action, resource, context)) {
      asked.resume()
      deny(response, request.method, `${action} ${resource} ${JSON.stringify(context)}`)
      return
    }
    const passed = http.request(
      `${endpoint}${asked.url!}`,
      { method: asked.method!, headers: asked.headers },
      answer => {
        if (answer.statusCode === 404 && !mayKnow(request)) {
          answer.resume()
          deny(response, request.method, `whether there is ${resource}`)
          return
        }
        response.writeHead(answer.statusCode!, answer.rawHeaders)
        answer.pipe(response)
      }
    )
    // Either side may go away in mid-request.
    const cut = () => {
      passed.destroy()
      response.destroy()
    }
    passed.on('error', cut)
    passed.on('continue', () => response.writeContinue())
    asked.on('error', cut).once('data', () => setImmediate(() => onBody?.(request)))
    asked.pipe(passed)
  }
  const server = createServer({ requestTimeout: 0 }, pass).on('checkContinue', pass)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
