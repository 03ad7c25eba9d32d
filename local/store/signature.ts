import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './errors.ts'
import { compareKeys } from './sorted.ts'

/** AWS Signature Version 4 (the "Authenticating Requests" pages of the S3 API reference). */

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** A request as it is signed: `path` decoded, header names in lower case, header values one character a byte. */
interface SignedRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string>
}

/** A request that was found genuine, and what its body's chunks are signed with. */
export interface Authorization {
  /** x-amz-content-sha256: a hash in hex, UNSIGNED-PAYLOAD or one of the STREAMING-… names. */
  payload: string
  signature: string
  /** `algorithm`, time and scope, as the first three lines of a string to sign. */
  preamble: (algorithm: string) => string
  sign: (text: string) => string
}

const skew = 15 * 60_000
const longestLife = 7 * 24 * 3600

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Compares without telling by its time how much was right. */
export const sameSignature = (a: string, b: string) =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))

/** Percent-encoding of RFC 3986, as the signature wants it. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const canonicalQuery = (query: URLSearchParams) =>
  [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => compareKeys(a, b) || compareKeys(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

// 20261124T063000Z -> milliseconds
const parseTime = (text: string) =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

const malformed = (what: string) => new S3Error('AuthorizationHeaderMalformed', what)

const fromHeader = (headers: Record<string, string>) => {
  const match =
    /^AWS4-HMAC-SHA256 +Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([\da-f]{64})$/.exec(
      headers.authorization
    )
  if (!match) throw malformed('AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=… is expected')
  const payload = headers['x-amz-content-sha256']
  if (!payload) throw new S3Error('InvalidRequest', 'x-amz-content-sha256 is missing')
  return {
    credential: match[1],
    signedHeaders: match[2],
    signature: match[3],
    date: headers['x-amz-date'] ?? '',
    payload,
    expires: undefined
  }
}

const fromQuery = (query: URLSearchParams, headers: Record<string, string>) => {
  const get = (name: string) => query.get(`X-Amz-${name}`) ?? ''
  const expires = Number(get('Expires'))
  if (get('Algorithm') !== 'AWS4-HMAC-SHA256') throw malformed('X-Amz-Algorithm must be AWS4-HMAC-SHA256')
  if (!(expires >= 1 && expires <= longestLife))
    throw malformed(`X-Amz-Expires must be 1 to ${longestLife} seconds`)
  return {
    credential: get('Credential'),
    signedHeaders: get('SignedHeaders'),
    signature: get('Signature'),
    date: get('Date'),
    payload: headers['x-amz-content-sha256'] ?? (get('Content-Sha256') || 'UNSIGNED-PAYLOAD'),
    expires
  }
}

/** Presigned requests are good until they expire, others for 15 minutes around their time. */
const checkTime = (date: string, now: number, expires?: number) => {
  const time = parseTime(date)
  if (Number.isNaN(time)) throw malformed('the time must be written as 20261124T063000Z')
  if (time > now + skew || (expires === undefined && time < now - skew))
    throw new S3Error('RequestTimeTooSkewed')
  if (expires !== undefined && now > time + expires * 1000)
    throw new S3Error('AccessDenied', 'Request has expired')
}

/** The key that signs what belongs to a credential's day. @throws S3Error where the credential is not ours */
const signingKeyOf = (
  credential: string,
  date: string,
  { accessKeyId, secretAccessKey }: Credentials,
  region: string
) => {
  const [key, day, where, service, end] = credential.split('/')
  if (key !== accessKeyId) throw new S3Error('InvalidAccessKeyId')
  if (where !== region || service !== 's3' || end !== 'aws4_request')
    throw malformed(`the credential must end in /${region}/s3/aws4_request`)
  if (day !== date.slice(0, 8)) throw malformed('the day of the credential is not that of the request')
  const scope = `${day}/${region}/s3/aws4_request`
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${secretAccessKey}`
  )
  return { scope, sign: (text: string) => hmac(signingKey, text).toString('hex') }
}

/**
 * Verifies that a form's policy is signed; how long it is good for stands in the policy.
 * @param fields names in lower case
 * @throws S3Error AccessDenied, SignatureDoesNotMatch and others of that kind
 */
export const authorizePolicy = (
  fields: Map<string, string>,
  credentials: Credentials,
  region: string,
  now: number
) => {
  const get = (name: string) => fields.get(name) ?? ''
  if (!fields.has('policy') || !fields.has('x-amz-signature'))
    throw new S3Error('AccessDenied', 'the form needs a policy and x-amz-signature')
  if (get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256')
    throw malformed('x-amz-algorithm must be AWS4-HMAC-SHA256')
  const date = get('x-amz-date')
  checkTime(date, now, longestLife)
  const { sign } = signingKeyOf(get('x-amz-credential'), date, credentials, region)
  if (!sameSignature(get('x-amz-signature'), sign(get('policy')))) throw new S3Error('SignatureDoesNotMatch')
}

/**
 * Verifies a request that is signed in its Authorization header or, presigned, in its query.
 * @throws S3Error AccessDenied, SignatureDoesNotMatch, RequestTimeTooSkewed and others of that kind.
 */
export const authorize = (
  { method, path, query, headers }: SignedRequest,
  credentials: Credentials,
  region: string,
  now: number
): Authorization => {
  const presigned = query.has('X-Amz-Signature')
  if (presigned === 'authorization' in headers)
    throw new S3Error('AccessDenied', 'sign the request, in the Authorization header or in the query')
  const claim = presigned ? fromQuery(query, headers) : fromHeader(headers)

  const { scope, sign } = signingKeyOf(claim.credential, claim.date, credentials, region)
  checkTime(claim.date, now, claim.expires)

  const signedHeaders = claim.signedHeaders.split(';')
  const unsigned = Object.keys(headers).filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name)
  )
  if (unsigned.length)
    throw new S3Error('AccessDenied', `headers that were not signed: ${unsigned.join(', ')}`)

  const canonical = [
    method,
    path.split('/').map(encode).join('/'),
    canonicalQuery(query),
    ...signedHeaders.map(name => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    claim.signedHeaders,
    claim.payload
  ].join('\n')

  const preamble = (algorithm: string) => `${algorithm}\n${claim.date}\n${scope}`
  const expected = sign(`${preamble('AWS4-HMAC-SHA256')}\n${sha256(Buffer.from(canonical, 'latin1'))}`)
  if (!sameSignature(claim.signature, expected)) throw new S3Error('SignatureDoesNotMatch')
  return { payload: claim.payload, signature: expected, preamble, sign }
}
