import { createHash } from 'node:crypto'
import { S3Error } from './errors.ts'
import { sameSignature, sha256 } from './signature.ts'
import type { Authorization } from './signature.ts'

/** Bodies in aws-chunked coding ("Signature Calculations: Transferring Payload in Multiple Chunks", with trailers). */

const empty = sha256('')

/** What x-amz-content-sha256 says of such a body: whether its chunks are signed, and whether a trailer follows them. */
const codings = new Map([
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }]
])
const longestLine = 8192

const lineReader = (source: AsyncIterable<Buffer>) => {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  const more = async () => {
    const next = await chunks.next()
    if (next.done) throw new S3Error('IncompleteBody')
    rest = rest.length ? Buffer.concat([rest, next.value]) : next.value
  }
  return {
    line: async () => {
      let end: number
      while ((end = rest.indexOf('\r\n')) < 0) {
        if (rest.length > longestLine)
          throw new S3Error('InvalidRequest', 'a line of the chunked body is too long')
        await more()
      }
      const line = rest.toString('latin1', 0, end)
      rest = rest.subarray(end + 2)
      return line
    },
    /** Between 1 and `limit` bytes. */
    take: async (limit: number) => {
      if (!rest.length) await more()
      const piece = rest.subarray(0, limit)
      rest = rest.subarray(piece.length)
      return piece
    }
  }
}

/** Each signature covers the one before it, the first the request's own. */
const signatureChain = ({ signature, preamble, sign }: Authorization) => {
  let previous = signature
  return (algorithm: string, given: string | undefined, ...hashes: string[]) => {
    previous = sign([preamble(algorithm), previous, ...hashes].join('\n'))
    if (!sameSignature(given ?? '', previous))
      throw new S3Error('SignatureDoesNotMatch', 'a chunk of the body')
  }
}

/**
 * Yields the content of an aws-chunked body as it arrives, each chunk's signature being checked at its end;
 * `trailers` receives the headers that follow the last chunk.
 * @throws S3Error NotImplemented where the coding is none of those, IncompleteBody, InvalidRequest, SignatureDoesNotMatch
 */
export async function* decodeChunked(
  source: AsyncIterable<Buffer>,
  authorization: Authorization,
  trailers: Record<string, string>
) {
  const coding = codings.get(authorization.payload)
  if (!coding) throw new S3Error('NotImplemented', authorization.payload)
  const { signed, trailer } = coding
  const verify = signatureChain(authorization)
  const reader = lineReader(source)
  let size: number
  do {
    const header = /^([\da-f]{1,12})(?:;chunk-signature=([\da-f]{64}))?$/i.exec(await reader.line())
    if (!header) throw new S3Error('InvalidRequest', 'a chunk of the body has no valid header')
    size = parseInt(header[1], 16)
    const hash = createHash('sha256')
    for (let left = size; left > 0;) {
      const piece = await reader.take(left)
      left -= piece.length
      if (signed) hash.update(piece)
      yield piece
    }
    if (signed) verify('AWS4-HMAC-SHA256-PAYLOAD', header[2], empty, hash.digest('hex'))
    if (size && (await reader.line()))
      throw new S3Error('InvalidRequest', 'a chunk of the body has another length')
  } while (size)

  let signable = ''
  for (let line = await reader.line(); line; line = await reader.line()) {
    const [, name, value] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) throw new S3Error('InvalidRequest', 'a trailer of the body is not valid')
    trailers[name.toLowerCase()] = value!
    if (name.toLowerCase() !== 'x-amz-trailer-signature') signable += `${name.toLowerCase()}:${value}\n`
  }
  if (signed && trailer)
    verify('AWS4-HMAC-SHA256-TRAILER', trailers['x-amz-trailer-signature'], sha256(signable))
}
