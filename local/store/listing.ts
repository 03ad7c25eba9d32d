import type { Call, Handler } from './call.ts'
import { S3Error } from './errors.ts'
import { compareKeys } from './sorted.ts'
import type { SortedMap } from './sorted.ts'
import { sizeOf } from './state.ts'
import type { StoredObject } from './state.ts'
import { xmlDocument } from './xml.ts'

const most = 1000

/** A whole number from the query, or `otherwise` where there is none; more than 1,000 counts as 1,000. */
export const limitOf = (query: URLSearchParams, name: string) => {
  const text = query.get(name) ?? String(most)
  if (!/^\d+$/.test(text)) throw new S3Error('InvalidArgument', `${name} must be a whole number`)
  return Math.min(Number(text), most)
}

/** How a listing writes keys: as they are, or URL-encoded with + for a space and / left alone. */
export const keyEncoding = (query: URLSearchParams) => {
  const type = query.get('encoding-type')
  if (type === null) return (key: string) => key
  if (type !== 'url') throw new S3Error('InvalidArgument', 'encoding-type must be url')
  return (key: string) => encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
}

// A token names the last key, or the last common prefix, that was listed.
const tokenOf = ({ last, folded }: Place) => Buffer.from((folded ? 'p' : 'k') + last).toString('base64url')

const placeOf = (query: URLSearchParams): Place => {
  if (!query.has('continuation-token')) return { last: query.get('start-after') ?? '', folded: false }
  const token = Buffer.from(query.get('continuation-token')!, 'base64url').toString()
  if (!/^[pk]/.test(token)) throw new S3Error('InvalidArgument', 'the continuation token is not one of ours')
  return { last: token.slice(1), folded: token.startsWith('p') }
}

/** Where a listing was left: at a key, or at a prefix that stands for all keys that begin with it. */
interface Place {
  last: string
  folded: boolean
}

interface Found {
  objects: StoredObject[]
  prefixes: string[]
  next: Place | undefined
}

/** One page: objects, and prefixes up to the delimiter, which stand for all keys that begin with them. */
const page = (all: SortedMap<StoredObject>, query: URLSearchParams, from: Place, limit: number): Found => {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const isBehind = (key: string) =>
    compareKeys(key, from.last) > 0 && !(from.folded && key.startsWith(from.last))
  const found: Found = { objects: [], prefixes: [], next: undefined }
  let key = all.first(k => compareKeys(k, prefix) >= 0 && isBehind(k))
  let last = ''
  let common = ''
  while (key?.startsWith(prefix) && limit > 0) {
    if (found.objects.length + found.prefixes.length === limit) {
      found.next = { last, folded: common !== '' }
      break
    }
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    common = cut < 0 ? '' : key.slice(0, cut + delimiter.length)
    last = common || key
    if (common) found.prefixes.push(common)
    else found.objects.push(all.get(key)!)
    key = all.first(k => compareKeys(k, last) > 0 && !(common && k.startsWith(common)))
  }
  return found
}

const contents = (objects: StoredObject[], encode: (key: string) => string) =>
  objects.map(object => ({
    Key: encode(object.key),
    LastModified: new Date(object.modified).toISOString(),
    ETag: `"${object.etag}"`,
    ChecksumAlgorithm: object.checksum?.algorithm.toUpperCase(),
    ChecksumType: object.checksum?.type,
    Size: sizeOf(object),
    StorageClass: 'STANDARD'
  }))

/** What both versions of the listing tell. */
const listing = ({ catalogue, bucket, query }: Call, from: Place) => {
  const encode = keyEncoding(query)
  const limit = limitOf(query, 'max-keys')
  const { objects, prefixes, next } = page(catalogue.bucket(bucket).objects, query, from, limit)
  const encoded = (name: string) => (query.has(name) ? encode(query.get(name)!) : undefined)
  return {
    encode,
    encoded,
    next,
    content: {
      Name: bucket,
      Prefix: encode(query.get('prefix') ?? ''),
      Delimiter: encoded('delimiter'),
      EncodingType: query.get('encoding-type') ?? undefined,
      MaxKeys: limit,
      IsTruncated: next !== undefined,
      Contents: contents(objects, encode),
      CommonPrefixes: prefixes.map(common => ({ Prefix: encode(common) }))
    },
    count: objects.length + prefixes.length
  }
}

export const listObjects: Handler = call => {
  const { content, encoded, next, count } = listing(call, placeOf(call.query))
  return {
    body: xmlDocument('ListBucketResult', {
      ...content,
      StartAfter: encoded('start-after'),
      ContinuationToken: call.query.get('continuation-token') ?? undefined,
      NextContinuationToken: next && tokenOf(next),
      KeyCount: count
    })
  }
}

/** The first version, where the marker is a key or a prefix that was listed. */
export const listObjectsV1: Handler = call => {
  const last = call.query.get('marker') ?? ''
  const prefix = call.query.get('prefix') ?? ''
  const delimiter = call.query.get('delimiter') ?? ''
  // A key that is the prefix itself may end in the delimiter too.
  const folded = delimiter !== '' && last.endsWith(delimiter) && last.indexOf(delimiter, prefix.length) >= 0
  const { content, encode, encoded, next } = listing(call, { last, folded })
  return {
    body: xmlDocument('ListBucketResult', {
      ...content,
      Marker: encoded('marker') ?? '',
      NextMarker: next && encode(next.last)
    })
  }
}
