import { objectAttributes } from './attributes.ts'
import * as buckets from './buckets.ts'
import type { Handler } from './call.ts'
import * as copies from './copies.ts'
import * as cors from './cors.ts'
import * as deletions from './deletions.ts'
import { S3Error } from './errors.ts'
import * as listing from './listing.ts'
import * as multipart from './multipart.ts'
import * as objects from './objects.ts'

type Level = 'service' | 'bucket' | 'object'

interface Route {
  method: string
  level: Level
  /** Query parameters (or a header) that make the request this one. */
  needs?: string[]
  header?: string
  /** Query parameters that it may have besides; any other means that something else is wanted. */
  takes?: string[]
  run: Handler
}

const listParameters = ['prefix', 'delimiter', 'max-keys', 'encoding-type']
const responseHeaders = ['type', 'language', 'disposition', 'encoding'].map(
  name => `response-content-${name}`
)
const partParameters = ['uploadId', 'partNumber']
const readParameters = ['versionId', ...responseHeaders, 'response-cache-control', 'response-expires']

const routes: Route[] = [
  { method: 'GET', level: 'service', run: buckets.listBuckets },
  { method: 'PUT', level: 'bucket', run: buckets.createBucket },
  { method: 'HEAD', level: 'bucket', run: buckets.headBucket },
  {
    method: 'GET',
    level: 'bucket',
    needs: ['list-type'],
    takes: [...listParameters, 'start-after', 'continuation-token', 'fetch-owner'],
    run: listing.listObjects
  },
  { method: 'GET', level: 'bucket', takes: [...listParameters, 'marker'], run: listing.listObjectsV1 },
  { method: 'GET', level: 'bucket', needs: ['location'], run: buckets.bucketLocation },
  { method: 'GET', level: 'bucket', needs: ['versioning'], run: buckets.bucketVersioning },
  { method: 'GET', level: 'bucket', needs: ['cors'], run: cors.getCors },
  { method: 'PUT', level: 'bucket', needs: ['cors'], run: cors.putCors },
  { method: 'DELETE', level: 'bucket', needs: ['cors'], run: cors.deleteCors },
  {
    method: 'GET',
    level: 'bucket',
    needs: ['uploads'],
    takes: ['prefix', 'encoding-type'],
    run: multipart.listUploads
  },
  { method: 'POST', level: 'bucket', needs: ['delete'], run: deletions.deleteObjects },
  { method: 'GET', level: 'object', takes: readParameters, run: objects.readObject },
  { method: 'HEAD', level: 'object', takes: readParameters, run: objects.readObject },
  { method: 'GET', level: 'object', needs: ['attributes'], takes: ['versionId'], run: objectAttributes },
  { method: 'GET', level: 'object', needs: ['tagging'], run: objects.noTags },
  { method: 'PUT', level: 'object', header: 'x-amz-copy-source', run: copies.copyObject },
  { method: 'PUT', level: 'object', run: objects.putObject },
  { method: 'DELETE', level: 'object', takes: ['versionId'], run: deletions.deleteObject },
  { method: 'POST', level: 'object', needs: ['uploads'], run: multipart.createUpload },
  {
    method: 'PUT',
    level: 'object',
    header: 'x-amz-copy-source',
    needs: partParameters,
    run: copies.copyPart
  },
  { method: 'PUT', level: 'object', needs: partParameters, run: multipart.uploadPart },
  { method: 'POST', level: 'object', needs: ['uploadId'], run: multipart.completeUpload },
  { method: 'DELETE', level: 'object', needs: ['uploadId'], run: multipart.abortUpload },
  {
    method: 'GET',
    level: 'object',
    needs: ['uploadId'],
    takes: ['max-parts', 'part-number-marker'],
    run: multipart.listParts
  }
]

// Of the signature, a header in the query, or the SDK's name of the operation.
const isNeutral = (name: string) => name.toLowerCase().startsWith('x-amz-') || name === 'x-id'

/**
 * The handler for a request.
 * @throws S3Error NotImplemented, for whatever this store cannot do: better than doing something like it.
 */
export const route = (
  method: string,
  { bucket, key }: { bucket: string; key: string },
  query: URLSearchParams,
  headers: Record<string, string>
): Handler => {
  const level = key ? 'object' : bucket ? 'bucket' : 'service'
  const names = [...query.keys()].filter(name => !isNeutral(name))
  const found = routes.find(
    ({ needs = [], takes = [], ...r }) =>
      r.method === method &&
      r.level === level &&
      (r.header === undefined || r.header in headers) &&
      needs.every(name => names.includes(name)) &&
      names.every(name => needs.includes(name) || takes.includes(name))
  )
  if (!found || (query.get('list-type') ?? '2') !== '2')
    throw new S3Error('NotImplemented', `${method} ${level} ${names.join(' ')}`)
  return found.run
}
