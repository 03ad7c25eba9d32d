import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { announcedChecksum, compareSums, summing } from './body.ts'
import type { BareCall, Reply } from './call.ts'
import { S3Error } from './errors.ts'
import { readForm } from './form.ts'
import { keptHeaders } from './kept.ts'
import { limits } from './limits.ts'
import { checksumHeaders, draftOf, versionHeaders } from './objects.ts'
import { checkPolicy } from './policy.ts'
import type { Fields } from './policy.ts'
import { authorizePolicy } from './signature.ts'
import type { Credentials } from './signature.ts'
import type { StoredObject } from './state.ts'
import { xmlDocument } from './xml.ts'

/**
 * Uploads by a browser's form: POST of multipart/form-data to the bucket, under a signed policy ("Browser-Based Uploads
 * Using POST", Amazon S3 API Reference). The fields come first, the file last.
 */

/**
 * Takes an upload by form.
 * @throws S3Error AccessDenied, InvalidPolicyDocument, EntityTooLarge, EntityTooSmall, MalformedPOSTRequest and others
 */
export const postForm = (
  request: IncomingMessage,
  credentials: Credentials,
  call: BareCall
): Promise<Reply> =>
  readForm(request, call.headers['content-type'], async (fields, file, filename) => {
    const { catalogue, bucket, region } = call
    catalogue.bucket(bucket)
    const now = Date.now()
    authorizePolicy(fields, credentials, region, now)
    const size = checkPolicy(fields.get('policy')!, fields, bucket, now)
    const key = keyOf(fields, filename)
    const given = Object.fromEntries(fields)
    if (fields.has('tagging')) throw new S3Error('NotImplemented', 'tagging')
    const stays = keptHeaders(given)
    return catalogue.files.write(
      write => receiveFile(file, given, size, write),
      async (piece, received) => {
        const draft = draftOf(key, piece, received, stays)
        const object = await catalogue.putObject(bucket, draft, () => undefined)
        call.created(object, 'POST Object')
        return answerOf(call, fields, object)
      }
    )
  })

const keyOf = (fields: Fields, filename: string) => {
  const key = fields.get('key')
  if (!key) throw new S3Error('InvalidArgument', 'the field key is missing')
  const named = key.replaceAll('${filename}', () => filename)
  if (Buffer.byteLength(named) > limits.key) throw new S3Error('KeyTooLongError')
  return named
}

const receiveFile = async (
  file: Readable,
  fields: Record<string, string>,
  { least, most }: { least: number; most: number },
  write: (chunk: Buffer) => Promise<void> | void
) => {
  const announced = announcedChecksum(fields)
  const sums = summing(announced)
  let bytes = 0
  for await (const chunk of file as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > most) throw new S3Error('EntityTooLarge', `the policy allows ${most} bytes`)
    sums.update(chunk)
    await write(chunk)
  }
  if (bytes < least) throw new S3Error('EntityTooSmall', `the policy asks for ${least} bytes`)
  const received = sums.finish()
  compareSums(received, fields, announced)
  return received
}

const answerOf = (call: BareCall, fields: Fields, object: StoredObject): Reply => {
  const { bucket } = call
  const { key } = object
  const etag = `"${object.etag}"`
  const location = `/${bucket}/${encodeURIComponent(key)}`
  const headers = { etag, location, ...checksumHeaders(object), ...versionHeaders(call, bucket, object) }
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect')
  const target = redirect === undefined ? null : URL.parse(redirect)
  if (target) {
    for (const [name, value] of Object.entries({ bucket, key, etag })) target.searchParams.set(name, value)
    return { status: 303, headers: { ...headers, location: target.href } }
  }
  const status = fields.get('success_action_status')
  if (status === '201')
    return {
      status: 201,
      headers,
      body: xmlDocument('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: etag })
    }
  return { status: status === '200' ? 200 : 204, headers }
}
