import type { IncomingMessage } from 'node:http'
import { S3Error } from './errors.ts'
import { limits } from './limits.ts'

/** Bucket, key and query of a request's address, the path decoded. @throws S3Error InvalidURI, KeyTooLongError */
export const target = (url: string) => {
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

/** Names in lower case; the values of a name that comes more than once put together. */
export const flatHeaders = (request: IncomingMessage) =>
  Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')])
  )

/** x-amz-… headers that a presigned address carries in its query. */
export const hoistedHeaders = (query: URLSearchParams) =>
  Object.fromEntries([...query].filter(([name]) => name.startsWith('x-amz-')))
