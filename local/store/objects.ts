import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Received } from './body.ts'
import type { Call, Handler } from './call.ts'
import { checkRead, checkWrite, parseRange } from './conditions.ts'
import { S3Error } from './errors.ts'
import { sizeOf, versionOf } from './state.ts'
import type { Piece, StoredObject } from './state.ts'
import { elements, textOf, xmlDocument } from './xml.ts'

const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires'
]
const isMetadata = (name: string) => name.startsWith('x-amz-meta-')
const metadataLimit = 2048

// These ask for something that would be silently missing: keys of their own, tags, locks, grants, appending.
const refused =
  /^x-amz-(server-side-encryption-customer|tagging|object-lock|website-redirect|grant|write-offset|copy-source-server|copy-source-range)/

/** What comes in the query, other than in headers, may have characters that these cannot carry. */
const checkHeader = (name: string, value: string) => {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new S3Error('InvalidArgument', name)
  }
}

/**
 * The headers of a request that stay with its object.
 * @throws S3Error MetadataTooLarge, NotImplemented, InvalidArgument where they could not go out again
 */
export const keptHeaders = (headers: Record<string, string>) => {
  const unknown = Object.keys(headers).find(name => refused.test(name))
  if (unknown) throw new S3Error('NotImplemented', unknown)
  const entries = Object.entries(headers).filter(([name]) => kept.includes(name) || isMetadata(name))
  for (const [name, value] of entries) checkHeader(name, value)
  const metadata = entries.filter(([name]) => isMetadata(name))
  const bytes = metadata.reduce(
    (sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + value.length,
    0
  )
  if (bytes > metadataLimit) throw new S3Error('MetadataTooLarge')
  const stays: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(entries)
  }
  // aws-chunked is how the body travelled, not what it is.
  const coding = (stays['content-encoding'] ?? '').split(',').map(item => item.trim())
  stays['content-encoding'] = coding.filter(item => item !== 'aws-chunked').join(',')
  if (!stays['content-encoding']) delete stays['content-encoding']
  return stays
}

/** @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion */
export const find = ({ catalogue }: Call, bucket: string, key: string, version?: string | null) => {
  const { objects, older } = catalogue.bucket(bucket)
  const newest = objects.get(key)
  if (version) {
    const found = [...(older?.get(key) ?? []), ...(newest ? [newest] : [])].find(
      object => versionOf(object) === version
    )
    if (!found) throw new S3Error('NoSuchVersion', '', { Key: key, VersionId: version })
    return found
  }
  if (!newest) throw new S3Error('NoSuchKey', '', { Key: key })
  return newest
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
  const object = find(call, bucket, key, query.get('versionId'))
  checkRead(headers, object)
  const size = sizeOf(object)
  const range = parseRange(headers.range, size)
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

export const deleteObject: Handler = async ({ catalogue, bucket, key, query }) => {
  await catalogue.deleteObject(bucket, key, query.get('versionId') ?? undefined)
  return { status: 204 }
}

const mostDeletions = 1000

export const deleteObjects: Handler = async ({ catalogue, bucket, headers, receiveXml }) => {
  if (!Object.keys(headers).some(name => name === 'content-md5' || /^x-amz-checksum-(crc|sha)/.test(name)))
    throw new S3Error('InvalidRequest', 'Content-MD5 or a checksum is missing')
  const xml = await receiveXml()
  const named = elements(xml, 'Object').map(object => ({
    Key: textOf(object, 'Key') ?? '',
    VersionId: textOf(object, 'VersionId')
  }))
  if (!named.length || named.length > mostDeletions || named.some(({ Key }) => !Key))
    throw new S3Error('MalformedXML')
  await Promise.all(named.map(({ Key, VersionId }) => catalogue.deleteObject(bucket, Key, VersionId)))
  const quiet = textOf(xml, 'Quiet')?.trim() === 'true'
  return { body: xmlDocument('DeleteResult', { Deleted: quiet ? [] : named }) }
}

/** A checksum as an element of an XML answer. */
export const checksumFields = ({ checksum }: Pick<StoredObject, 'checksum'>) =>
  checksum && { [`Checksum${checksum.algorithm.toUpperCase()}`]: checksum.value, ChecksumType: checksum.type }
