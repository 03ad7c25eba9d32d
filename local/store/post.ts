import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { z } from 'zod'
import type { Call, Handler, Reply } from './call.ts'
import { keptHeaders, versionHeaders } from './objects.ts'
import { S3Error } from './errors.ts'
import { authorizePolicy } from './signature.ts'
import type { Credentials } from './signature.ts'
import { xmlDocument } from './xml.ts'

/**
 * Uploads by a browser's form: POST of multipart/form-data to the bucket, under a signed policy ("Browser-Based Uploads
 * Using POST", Amazon S3 API Reference). The fields come first, the file last.
 */

type Condition = ['content-length-range', number, number] | ['eq' | 'starts-with', string, string]

const bound = z.coerce.number().int().nonnegative()
const condition = z.union([
  z.tuple([z.literal('content-length-range'), bound, bound]).transform((one): Condition[] => [one]),
  z
    .tuple([z.enum(['eq', 'starts-with']), z.string().startsWith('$'), z.string()])
    .transform((one): Condition[] => [one]),
  z
    .record(z.string(), z.string())
    .transform(fields => Object.entries(fields).map(([name, value]): Condition => ['eq', `$${name}`, value]))
])
const policySchema = z.looseObject({ expiration: z.iso.datetime(), conditions: z.array(condition) })

/** Fields by name in lower case. */
type Fields = Map<string, string>

const largestFields = { count: 100, bytes: 20_000 }
const largest = 5 * 1024 ** 3

export const isForm = (headers: Record<string, string>) =>
  (headers['content-type'] ?? '').toLowerCase().startsWith('multipart/form-data')

const parsePolicy = (base64: string) => {
  try {
    return policySchema.parse(JSON.parse(Buffer.from(base64, 'base64').toString()))
  } catch {
    throw new S3Error('InvalidPolicyDocument')
  }
}

const free = (name: string) =>
  ['x-amz-signature', 'policy', 'file'].includes(name) || name.startsWith('x-ignore-')

/**
 * What the policy says of the file's size; everything else in it must hold for the fields, and each field be named in it.
 * @throws S3Error AccessDenied, InvalidPolicyDocument
 */
const checkPolicy = (base64: string, fields: Fields, bucket: string, now: number) => {
  const { expiration, conditions } = parsePolicy(base64)
  const refuse = (what: string) => new S3Error('AccessDenied', `Invalid according to Policy: ${what}`)
  if (!(now < Date.parse(expiration))) throw refuse('Policy expired')
  const size = { least: 0, most: largest }
  const named = new Set<string>()
  for (const one of conditions.flat()) {
    if (one[0] === 'content-length-range') {
      size.least = Math.max(size.least, one[1])
      size.most = Math.min(size.most, one[2])
      continue
    }
    const [how, field, wanted] = one
    const name = field.slice(1).toLowerCase()
    named.add(name)
    const value = name === 'bucket' ? bucket : fields.get(name)
    const holds = how === 'eq' ? value === wanted : value?.startsWith(wanted)
    if (!holds) throw refuse(`Policy Condition failed: ${JSON.stringify(one)}`)
  }
  const extra = [...fields.keys()].find(name => name !== 'bucket' && !free(name) && !named.has(name))
  if (extra !== undefined) throw refuse(`Extra input fields: ${extra}`)
  return size
}
/** Reads the form up to its file, hands that to `take`, and answers with what it gave. */
const readForm = (
  request: IncomingMessage,
  headers: Record<string, string>,
  take: (fields: Fields, file: Readable, name: string) => Promise<Reply>
) =>
  new Promise<Reply>((resolve, reject) => {
    const malformed = (why: string) => new S3Error('MalformedPOSTRequest', why)
    const fields: Fields = new Map()
    let answer: Promise<Reply> | undefined
    let open: Readable | undefined
    const form = new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] },
      limits: { fields: largestFields.count, fieldSize: largestFields.bytes, files: 1 },
      // Names of files are UTF-8 in browsers' forms.
      defParamCharset: 'utf8'
    } as ConstructorParameters<typeof Busboy>[0])
    const stop = (error: Error) => {
      request.unpipe(form)
      request.resume()
      reject(error)
    }
    form.on('field', (name: string, value: string, _: boolean, truncated: boolean) => {
      if (truncated) stop(malformed(`the field ${name} is too long`))
      else if (answer === undefined) fields.set(name.toLowerCase(), value)
    })
    form.on('file', (name: string, file: Readable, filename: string) => {
      if (name !== 'file') stop(malformed(`a file is expected in the field file, not ${name}`))
      else {
        open = file
        // Told again after whoever reads it has been told.
        file.on('error', () => undefined)
        answer = take(fields, file, filename)
        answer.catch(stop)
      }
    })
    form.on('fieldsLimit', () => stop(malformed('too many fields')))
    form.on('error', () => stop(malformed('the body is not well-formed')))
    form.on('finish', () => {
      if (answer) answer.then(resolve, reject)
      else reject(malformed('there is no file'))
    })
    request.on('close', () => {
      if (!request.complete) open?.destroy(new Error('the client went away'))
    })
    request.pipe(form)
  })

/**
 * Takes an upload by form.
 * @throws S3Error AccessDenied, InvalidPolicyDocument, EntityTooLarge, EntityTooSmall, MalformedPOSTRequest and others
 */
export const postForm =
  (request: IncomingMessage, credentials: Credentials, region: string): Handler =>
  call =>
    readForm(request, call.headers, async (fields, file, filename) => {
      const { catalogue, bucket } = call
      catalogue.bucket(bucket)
      const now = Date.now()
      authorizePolicy(fields, credentials, region, now)
      const size = checkPolicy(fields.get('policy')!, fields, bucket, now)
      const key = keyOf(fields, filename)
      const stays = keptHeaders(Object.fromEntries(fields))
      return catalogue.files.write(
        write => receiveFile(file, size, write),
        async (piece, etag) => {
          const object = await catalogue.putObject(
            bucket,
            { key, etag, pieces: [piece], headers: stays },
            () => undefined
          )
          call.created(object, 'POST Object')
          const { headers, ...reply } = answerOf(call, fields, key, object.etag)
          return { ...reply, headers: { ...headers, ...versionHeaders(call, bucket, object) } }
        }
      )
    })

const keyOf = (fields: Fields, filename: string) => {
  const key = fields.get('key')
  if (!key) throw new S3Error('InvalidArgument', 'the field key is missing')
  const named = key.replaceAll('${filename}', filename)
  if (Buffer.byteLength(named) > 1024) throw new S3Error('KeyTooLongError')
  return named
}

const receiveFile = async (
  file: Readable,
  { least, most }: { least: number; most: number },
  write: (chunk: Buffer) => Promise<void> | void
) => {
  const md5 = createHash('md5')
  let bytes = 0
  for await (const chunk of file as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > most) throw new S3Error('EntityTooLarge', `the policy allows ${most} bytes`)
    md5.update(chunk)
    await write(chunk)
  }
  if (bytes < least) throw new S3Error('EntityTooSmall', `the policy asks for ${least} bytes`)
  return md5.digest('hex')
}

const answerOf = (call: Call, fields: Fields, key: string, etag: string): Reply => {
  const { bucket } = call
  const location = `/${bucket}/${encodeURIComponent(key)}`
  const headers = { etag: `"${etag}"`, location }
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect')
  const target = redirect === undefined ? null : URL.parse(redirect)
  if (target) {
    target.searchParams.set('bucket', bucket)
    target.searchParams.set('key', key)
    target.searchParams.set('etag', `"${etag}"`)
    return { status: 303, headers: { ...headers, location: target.href } }
  }
  const status = fields.get('success_action_status')
  if (status === '201')
    return {
      status: 201,
      headers,
      body: xmlDocument('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: `"${etag}"` })
    }
  return { status: status === '200' ? 200 : 204, headers }
}
