import { namedAlgorithm, summing } from './body.ts'
import type { Received } from './body.ts'
import type { Call, Handler } from './call.ts'
import type { Algorithm } from './checksums.ts'
import { checkRead, checkWrite } from './conditions.ts'
import { S3Error } from './errors.ts'
import { keptHeaders } from './kept.ts'
import { makePart, uploadOf } from './multipart.ts'
import { checksumFields, draftOf, find, versionHeaders } from './objects.ts'
import { sizeOf } from './state.ts'
import type { Piece, StoredObject } from './state.ts'
import { xmlDocument } from './xml.ts'

const prefix = 'x-amz-copy-source'

/** `bucket/key` or `/bucket/key`, URL-encoded, with ?versionId=… or without. */
const parseSource = (header: string) => {
  const [, bucket, key, version] = /^\/?([^/?]+)\/([^?]+)(?:\?versionId=([^&]+))?$/.exec(header) ?? []
  if (!bucket || !key) throw new S3Error('InvalidArgument', `${prefix} must be /bucket/key`)
  try {
    return { bucket, key: decodeURIComponent(key), version }
  } catch {
    throw new S3Error('InvalidArgument', `${prefix} cannot be decoded`)
  }
}

/** The object that is to be copied, if the conditions of the request hold for it. */
const sourceOf = (call: Call) => {
  const from = parseSource(call.headers[prefix])
  const object = find(call, from.bucket, from.key, from.version)
  checkRead(call.headers, object, `${prefix}-`)
  return { ...from, object }
}

/** What of a source of `size` bytes is copied, as [start, end). */
const rangeOf = (header: string | undefined, size: number) => {
  if (header === undefined) return [0, size]
  const [, first, last] = (/^bytes=(\d+)-(\d+)$/.exec(header) ?? []).map(Number)
  if (!(first <= last && last < size))
    throw new S3Error('InvalidArgument', `${prefix}-range must be bytes=first-last within ${size} bytes`)
  return [first, last + 1]
}

/**
 * Hands a way to write bytes [start, end) of an object anew to `use`. They are held from now on: the source may be
 * deleted in the meantime.
 */
const copying = async <T>(
  { catalogue }: Call,
  source: StoredObject,
  [start, end]: number[],
  algorithm: Algorithm | undefined,
  use: (fill: Call['receive']) => Promise<T>
) => {
  const bytes = catalogue.files.read(source.pieces, start, end)
  try {
    return await use(async write => {
      const sums = summing(algorithm)
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        sums.update(chunk)
        await write(chunk)
      }
      return sums.finish()
    })
  } finally {
    bytes.destroy()
  }
}

/** Whether the copy's metadata are those of the request, rather than the source's. */
const replacesMetadata = (headers: Record<string, string>) => {
  const directive = headers['x-amz-metadata-directive'] ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new S3Error('InvalidArgument', 'x-amz-metadata-directive must be COPY or REPLACE')
  return directive === 'REPLACE'
}

export const copyObject: Handler = async call => {
  const { catalogue, bucket, key, headers } = call
  const from = sourceOf(call)
  const allowed = (present?: StoredObject) => checkWrite(headers, key, present)
  allowed(catalogue.bucket(bucket).objects.get(key))
  const replaced = replacesMetadata(headers)
  if (!replaced && from.bucket === bucket && from.key === key && from.version === undefined)
    throw new S3Error('InvalidRequest', 'a copy onto itself must replace its metadata')
  const stays = keptHeaders(headers)
  const note = async (piece: Piece, received: Received) => {
    const draft = draftOf(key, piece, received, replaced ? stays : from.object.headers)
    const object = await catalogue.putObject(bucket, draft, allowed)
    call.created(object, 'CopyObject')
    return object
  }
  const range = rangeOf(undefined, sizeOf(from.object))
  const algorithm = namedAlgorithm(headers) ?? from.object.checksum?.algorithm
  const object = await copying(call, from.object, range, algorithm, fill => catalogue.files.write(fill, note))
  return {
    headers: versionHeaders(call, bucket, object),
    body: xmlDocument('CopyObjectResult', {
      ETag: `"${object.etag}"`,
      LastModified: new Date(object.modified).toISOString(),
      ...checksumFields(object)
    })
  }
}

export const copyPart: Handler = async call => {
  const upload = uploadOf(call)
  const { object } = sourceOf(call)
  const range = rangeOf(call.headers[`${prefix}-range`], sizeOf(object))
  const { etag, modified, checksum } = await copying(call, object, range, upload.checksum?.algorithm, fill =>
    makePart(call, fill)
  )
  return {
    body: xmlDocument('CopyPartResult', {
      ETag: `"${etag}"`,
      LastModified: new Date(modified).toISOString(),
      ...checksumFields({ checksum })
    })
  }
}
