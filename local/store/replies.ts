import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Reply } from './call.ts'
import { asS3Error } from './errors.ts'
import { xmlDocument } from './xml.ts'

/** The answer that tells of a failure. */
export const errorReply = (thrown: unknown, resource: string, requestId: string): Reply => {
  const { status, code, message, fields } = asS3Error(thrown)
  return {
    status,
    headers: { 'content-type': 'application/xml', ...(fields.ETag && { etag: fields.ETag }) },
    body: xmlDocument('Error', {
      Code: code,
      Message: message,
      ...fields,
      Resource: resource,
      RequestId: requestId
    })
  }
}

/** Sends an answer, to its end; throws where the client went away, or the body could not be read. */
export const send = async (
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
