import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { algorithms, createDigest, isAlgorithm, isChecksum } from './checksums.ts'
import type { Algorithm } from './checksums.ts'
import { decodeChunked } from './chunked.ts'
import { S3Error } from './errors.ts'
import { limits } from './limits.ts'
import type { Authorization } from './signature.ts'

/** What is known of a body once all of it came and was found right. */
export interface Received {
  md5: Buffer
  /** Base64. */
  checksum?: { algorithm: Algorithm; value: string }
}

const xmlLimit = 8 * 1024 ** 2
const prefix = 'x-amz-checksum-'
const notValues = ['algorithm', 'type', 'mode']

/** The algorithm that x-amz-checksum-algorithm names, if it is there. @throws S3Error InvalidRequest */
export const namedAlgorithm = (headers: Record<string, string>) => {
  const name = headers[`${prefix}algorithm`]?.toLowerCase()
  if (name !== undefined && !isAlgorithm(name))
    throw new S3Error(
      'InvalidRequest',
      `the checksum algorithm ${name} is not one of ${algorithms.join(', ')}`
    )
  return name
}

/** The algorithm of the checksum that stands in the headers or is promised for the trailer; at most one may. */
export const announcedChecksum = (headers: Record<string, string>) => {
  const names = [...Object.keys(headers), ...(headers['x-amz-trailer'] ?? '').toLowerCase().split(',')]
    .map(name => name.trim())
    .filter(name => name.startsWith(prefix) && !notValues.includes(name.slice(prefix.length)))
    .map(name => name.slice(prefix.length))
  const [name] = names
  if (names.length > 1) throw new S3Error('InvalidRequest', 'more than one checksum')
  if (name !== undefined && !isAlgorithm(name))
    throw new S3Error('InvalidRequest', `the checksum ${name} is not one of ${algorithms.join(', ')}`)
  return name
}

const expectedLength = (headers: Record<string, string>, chunked: boolean) => {
  const text = headers[chunked ? 'x-amz-decoded-content-length' : 'content-length']
  if (text === undefined || !/^\d+$/.test(text)) throw new S3Error('MissingContentLength')
  if (Number(text) > limits.content) throw new S3Error('EntityTooLarge')
  return Number(text)
}

/** Sums up a body as it passes: its MD5, and one additional checksum where that is asked for. */
export const summing = (algorithm: Algorithm | undefined) => {
  const md5 = createHash('md5')
  const checksum = algorithm && createDigest(algorithm)
  return {
    update: (chunk: Buffer) => {
      md5.update(chunk)
      checksum?.update(chunk)
    },
    finish: (): Received => ({
      md5: md5.digest(),
      ...(algorithm && { checksum: { algorithm, value: checksum!.digest().toString('base64') } })
    })
  }
}

/**
 * Compares with what the headers say, of the checksum where one is announced.
 * @throws S3Error InvalidDigest, BadDigest where the headers name another Content-MD5 or checksum.
 */
export const compareSums = (
  { md5, checksum }: Received,
  headers: Record<string, string>,
  announced: Algorithm | undefined
) => {
  const { 'content-md5': given } = headers
  const contentMd5 = given === undefined ? md5 : Buffer.from(given, 'base64')
  if (contentMd5.length !== md5.length) throw new S3Error('InvalidDigest', 'Content-MD5')
  if (!contentMd5.equals(md5)) throw new S3Error('BadDigest', 'Content-MD5')
  if (announced === undefined) return
  const name = prefix + announced
  const sent = headers[name] ?? ''
  if (!isChecksum(announced, sent)) throw new S3Error('InvalidDigest', name)
  if (sent !== checksum?.value) throw new S3Error('BadDigest', name)
}

/**
 * Hands the content of a request's body to `write`, chunk by chunk, and verifies length, payload hash, Content-MD5
 * and additional checksum at its end.
 * @param algorithm of the checksum to take where the request brings none
 * @throws S3Error where one of them is wrong: what was written is then to be dropped.
 */
export const receive = async (
  request: IncomingMessage,
  headers: Record<string, string>,
  authorization: Authorization,
  write: (chunk: Buffer) => Promise<void> | void,
  algorithm?: Algorithm
): Promise<Received> => {
  const { payload } = authorization
  const chunked = payload.startsWith('STREAMING-')
  const length = expectedLength(headers, chunked)
  const announced = announcedChecksum(headers)
  const sums = summing(announced ?? algorithm)
  const trailers: Record<string, string> = {}

  // The connection must outlive a refused body, to carry the answer.
  const source = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  const sha256 = chunked || payload === 'UNSIGNED-PAYLOAD' ? undefined : createHash('sha256')
  let size = 0
  for await (const chunk of chunked ? decodeChunked(source, authorization, trailers) : source) {
    size += chunk.length
    if (size > length) throw new S3Error('IncompleteBody', 'the body is longer than announced')
    sums.update(chunk)
    sha256?.update(chunk)
    await write(chunk)
  }
  if (size < length) throw new S3Error('IncompleteBody')
  if (sha256 && sha256.digest('hex') !== payload) throw new S3Error('XAmzContentSHA256Mismatch')
  const received = sums.finish()
  compareSums(received, { ...trailers, ...headers }, announced)
  return received
}

/**
 * The XML of a request's body, at most 8 MiB of it.
 * @throws S3Error as `receive`, and MaxMessageLengthExceeded.
 */
export const receiveXml = async (
  request: IncomingMessage,
  headers: Record<string, string>,
  authorization: Authorization
) => {
  const chunks: Buffer[] = []
  let size = 0
  await receive(request, headers, authorization, chunk => {
    size += chunk.length
    if (size > xmlLimit) throw new S3Error('MaxMessageLengthExceeded')
    chunks.push(chunk)
  })
  return Buffer.concat(chunks).toString()
}
