import { createHash, createHmac } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { Target } from './target.ts'

/** Requests signed by hand (Signature Version 4), to send what the SDK would not. */

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const stamp = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '')

/** What signs text under a scope: <day>/<region>/s3/aws4_request. */
export const signerOf = ({ credentials }: Pick<Target, 'credentials'>, scope: string) => {
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`)
  return (text: string) => hmac(key, text).toString('hex')
}

interface RawRequest extends Omit<Exchange, 'path'> {
  key?: string
  query?: Record<string, string>
  /** x-amz-content-sha256; the body's hash where it is left out. */
  payload?: string
  /** Milliseconds since 1970: when the request says that it was signed. */
  time?: number
  /** Signs in the query, good for that many seconds. */
  expires?: number
  /** Signs the chunks of an aws-chunked body: receives `sign` and the request's own signature. */
  chunks?: (sign: (text: string) => string, seed: string, preamble: string) => string | Buffer
  /** Changes the signed request before it is sent. */
  tamper?: (sent: { path: string; headers: Record<string, string> }) => void
}

export interface Exchange {
  /** With the query, as it goes onto the wire. */
  path: string
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Cuts the connection after these bytes of the body. */
  cutAfter?: number
  /** Sends these bytes of the body, and then waits for the answer. */
  stopAfter?: number
}

/** One HTTP request and its answer, with `code` of S3's errors. */
export const exchange = (
  origin: string,
  { path, method = 'GET', headers = {}, body = '', cutAfter, stopAfter }: Exchange
) => {
  const url = new URL(origin)
  const content = Buffer.from(body)
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer; code?: string }>(
    (resolve, reject) => {
      const outgoing = request({ host: url.hostname, port: url.port, method, path, headers }, incoming => {
        const parts: Buffer[] = []
        incoming.on('data', (part: Buffer) => parts.push(part))
        incoming.on('end', () => {
          const whole = Buffer.concat(parts)
          const code = /<Code>(.*?)<\/Code>/.exec(whole.toString())?.[1]
          if (stopAfter !== undefined) outgoing.destroy()
          resolve({ status: incoming.statusCode!, headers: incoming.headers, body: whole, code })
        })
      })
      outgoing.on('error', reject)
      if (!('content-length' in headers)) outgoing.setHeader('content-length', content.length)
      if (stopAfter !== undefined) outgoing.write(content.subarray(0, stopAfter))
      else if (cutAfter === undefined) outgoing.end(content)
      else outgoing.write(content.subarray(0, cutAfter), () => setTimeout(() => outgoing.destroy(), 50))
    }
  )
}

export const rawRequest = async ({ endpoint, region, bucket, credentials }: Target, options: RawRequest) => {
  const {
    method = 'GET',
    key,
    query = {},
    body = '',
    time = Date.now(),
    expires,
    cutAfter,
    stopAfter
  } = options
  const url = new URL(endpoint)
  const path = `/${bucket}${key === undefined ? '' : '/' + key.split('/').map(encode).join('/')}`
  const day = stamp(time).slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  const payload = options.payload ?? (expires === undefined ? sha256(Buffer.from(body)) : 'UNSIGNED-PAYLOAD')
  const headers: Record<string, string> = { ...options.headers, host: url.host }
  if (expires === undefined)
    Object.assign(headers, { 'x-amz-date': stamp(time), 'x-amz-content-sha256': payload })
  const names = Object.keys(headers).sort()
  const parameters: Record<string, string> = { ...query }
  if (expires !== undefined)
    Object.assign(parameters, {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
      'X-Amz-Date': stamp(time),
      'X-Amz-Expires': String(expires),
      'X-Amz-SignedHeaders': names.join(';')
    })
  const search = Object.entries(parameters)
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const canonical = [
    method,
    path,
    search,
    ...names.map(name => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    payload
  ].join('\n')
  const sign = signerOf({ credentials }, scope)
  const signature = sign(['AWS4-HMAC-SHA256', stamp(time), scope, sha256(canonical)].join('\n'))
  const sent = { path: search ? `${path}?${search}` : path, headers }
  if (expires === undefined)
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  else sent.path += `&X-Amz-Signature=${signature}`
  options.tamper?.(sent)

  const content = Buffer.from(options.chunks?.(sign, signature, `${stamp(time)}\n${scope}`) ?? body)
  return exchange(endpoint, { ...sent, method, body: content, cutAfter, stopAfter })
}

/** A body in aws-chunked coding, one chunk, each signed in a chain where `sign` is given; with a trailer or none. */
export const chunkedBody = (
  content: string,
  {
    trailer,
    sign
  }: { trailer?: string; sign?: { sign: (text: string) => string; seed: string; preamble: string } }
) => {
  let previous = sign?.seed ?? ''
  const chunk = (data: string) => {
    previous =
      sign?.sign(`AWS4-HMAC-SHA256-PAYLOAD\n${sign.preamble}\n${previous}\n${sha256('')}\n${sha256(data)}`) ??
      ''
    return `${data.length.toString(16)}${sign ? `;chunk-signature=${previous}` : ''}\r\n`
  }
  let text = `${chunk(content)}${content}\r\n${chunk('')}`
  if (trailer) {
    text += `${trailer}\r\n`
    if (sign)
      text += `x-amz-trailer-signature:${sign.sign(`AWS4-HMAC-SHA256-TRAILER\n${sign.preamble}\n${previous}\n${sha256(`${trailer}\n`)}`)}\r\n`
  }
  return `${text}\r\n`
}
