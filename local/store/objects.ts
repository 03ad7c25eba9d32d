import type { Received } from './body.ts'
import type { Call, Handler } from './call.ts'
import { checksumField } from './checksums.ts'
import { checkRead, checkWrite, isRangeOf, parseRange } from './conditions.ts'
import { S3Error } from './errors.ts'
import { checkHeader, keptHeaders } from './kept.ts'
import { sizeOf, versionOf, versionOrNewest } from './state.ts'
import type { Checksum, Piece, StoredObject } from './state.ts'
import { xmlDocument } from './xml.ts'

/** @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion */
export const find = ({ catalogue }: Call, bucket: string, key: string, version?: string) => {
  const found = versionOrNewest(catalogue.bucket(bucket), key, version)
  if (found) return found
  throw version === undefined
    ? new S3Error('NoSuchKey', '', { Key: key })
    : new S3Error('NoSuchVersion', '', { Key: key, VersionId: version })
}

/** Names the version, where the bucket keeps them. */
export const versionHeaders = (
  { catalogue }: Pick<Call, 'catalogue'>,
  bucket: string,
  object: StoredObject
) => catalogue.bucket(bucket).older && { 'x-amz-version-id': versionOf(object) }

export const checksumHeaders = ({ checksum }: Pick<StoredObject, 'checksum'>) =>
  checksum && {
    [`x-amz-checksum-${checksum.algorithm}`]: checksum.value,
    'x-amz-checksum-type': checksum.type
  }

/** An object of one piece, of what was found out while its bytes came. */
export const draftOf = (
  key: string,
  piece: Piece,
  { md5, checksum }: Received,
  headers: StoredObject['headers']
) => ({
  key,
  etag: md5.toString('hex'),
  pieces: [piece],
  headers,
  ...(checksum && { checksum: { ...checksum, type: 'FULL_OBJECT' as const } })
})

export const putObject: Handler = async call => {
  const { catalogue, bucket, key, headers } = call
  const allowed = (present?: StoredObject) => checkWrite(headers, key, present)
  // Spares an upload that cannot succeed.
  allowed(catalogue.bucket(bucket).objects.get(key))
  const stays = keptHeaders(headers)

  return catalogue.files.write(call.receive, async (piece, received) => {
    const object = await catalogue.putObject(bucket, draftOf(key, piece, received, stays), allowed)
    call.created(object, 'PutObject')
    return {
      headers: {
        etag: `"${object.etag}"`,
        ...checksumHeaders(object),
        ...versionHeaders(call, bucket, object)
      }
    }
  })
}

/** response-content-type=… in the query of a GET replaces that header of the answer. */
const overrides = (query: URLSearchParams) =>
  Object.fromEntries(
    [...query]
      .filter(([parameter]) => parameter.startsWith('response-'))
      .map(([parameter, value]) => {
        const name = parameter.slice('response-'.length)
        checkHeader(name, value)
        return [name, value]
      })
  )

export const readObject: Handler = call => {
  const { method, bucket, key, query, headers } = call
  const object = find(call, bucket, key, query.get('versionId') ?? undefined)
  checkRead(headers, object)
  const size = sizeOf(object)
  const range = isRangeOf(headers['if-range'], object) ? parseRange(headers.range, size) : undefined
  const { start, end } = range ?? { start: 0, end: size }
  const checksum =
    headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' && !range && checksumHeaders(object)
  return {
    status: range ? 206 : 200,
    headers: {
      ...object.headers,
      ...overrides(query),
      ...checksum,
      ...versionHeaders(call, bucket, object),
      'accept-ranges': 'bytes',
      'content-length': end - start,
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
      etag: `"${object.etag}"`,
      'last-modified': new Date(object.modified).toUTCString()
    },
    ...(method === 'GET' && { body: call.catalogue.files.read(object.pieces, start, end) })
  }
}

/** Tags cannot be set here; clients ask for them before they copy. */
export const noTags: Handler = call => {
  find(call, call.bucket, call.key)
  return { body: xmlDocument('Tagging', { TagSet: {} }) }
}

/** A checksum as elements of an XML answer; those of parts have no type. */
export const checksumFields = ({ checksum }: { checksum?: Omit<Checksum, 'type'> & Partial<Checksum> }) =>
  checksum && { [checksumField(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }
