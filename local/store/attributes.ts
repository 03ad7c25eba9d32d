import type { Handler } from './call.ts'
import { S3Error } from './errors.ts'
import { checksumFields, find, versionHeaders } from './objects.ts'
import { sizeOf } from './state.ts'
import type { StoredObject } from './state.ts'
import { xmlDocument } from './xml.ts'

const attributes = {
  ETag: ({ etag }: StoredObject) => etag,
  Checksum: (object: StoredObject) => checksumFields(object),
  // Single parts are not told apart once they are an object.
  ObjectParts: ({ etag }: StoredObject) => {
    const [, count] = etag.split('-')
    return count === undefined ? undefined : { PartsCount: count }
  },
  StorageClass: () => 'STANDARD',
  ObjectSize: (object: StoredObject) => sizeOf(object)
}

/** Those attributes of an object that x-amz-object-attributes names. */
export const objectAttributes: Handler = call => {
  const { bucket, key, query, headers } = call
  const object = find(call, bucket, key, query.get('versionId') ?? undefined)
  const wanted = (headers['x-amz-object-attributes'] ?? '').split(',').map(name => name.trim())
  const unknown = wanted.find(name => !Object.hasOwn(attributes, name))
  if (unknown !== undefined) throw new S3Error('InvalidArgument', 'x-amz-object-attributes')
  return {
    headers: {
      'last-modified': new Date(object.modified).toUTCString(),
      ...versionHeaders(call, bucket, object)
    },
    body: xmlDocument(
      'GetObjectAttributesResponse',
      Object.fromEntries(
        Object.entries(attributes)
          .filter(([name]) => wanted.includes(name))
          .map(([name, read]) => [name, read(object)])
      )
    )
  }
}
