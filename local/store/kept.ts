import { validateHeaderName, validateHeaderValue } from 'node:http'
import { S3Error } from './errors.ts'

/** Which headers of a request stay with its object, and which ask for what this store cannot do. */

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
  /^x-amz-(server-side-encryption-|tagging|object-lock|website-redirect|grant|write-offset|copy-source-server|copy-source-range)/

// And so do these, where they ask for anything else than what every object here has.
const given = new Map([
  ['acl', ['private', 'bucket-owner-full-control']],
  ['x-amz-acl', ['private', 'bucket-owner-full-control']],
  ['x-amz-storage-class', ['STANDARD']],
  ['x-amz-server-side-encryption', ['AES256']]
])
const isRefused = ([name, value]: [string, string]) =>
  refused.test(name) || given.get(name)?.includes(value) === false

/** What comes in a query, other than in headers, may have characters that these cannot carry. */
export const checkHeader = (name: string, value: string) => {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new S3Error('InvalidArgument', name)
  }
}

/**
 * The headers of a request, or fields of a form, that stay with its object.
 * @throws S3Error MetadataTooLarge, NotImplemented, InvalidArgument where they could not go out again
 */
export const keptHeaders = (headers: Record<string, string>) => {
  const unknown = Object.entries(headers).find(isRefused)
  if (unknown) throw new S3Error('NotImplemented', unknown.join(': '))
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
