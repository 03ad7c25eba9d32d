import { S3Error } from './errors.ts'
import type { StoredObject } from './state.ts'

type Headers = Record<string, string>

/** Whether an If-Match or If-None-Match list names the tag. */
const names = (list: string, etag: string) =>
  list.trim() === '*' || list.split(',').some(item => item.trim().replace(/^"(.*)"$/, '$1') === etag)

// HTTP dates have seconds only; one that cannot be read is no condition (RFC 9110, 13.1.3).
const after = (modified: number, date: string, otherwise: boolean) => {
  const time = Date.parse(date)
  return Number.isNaN(time) ? otherwise : Math.floor(modified / 1000) * 1000 > time
}

/**
 * The conditions of a read, in the order of RFC 9110, 13.2.2. `prefix` is that of a copy's headers for its source.
 * @throws S3Error PreconditionFailed, NotModified
 */
export const checkRead = (headers: Headers, { etag, modified }: StoredObject, prefix = '') => {
  const get = (name: string) => headers[prefix + name]
  const match = get('if-match')
  const noneMatch = get('if-none-match')
  const unmodified = get('if-unmodified-since')
  const since = get('if-modified-since')
  // A tag decides where a time is given too.
  const isAnother = match !== undefined && !names(match, etag)
  const wasModified = match === undefined && unmodified !== undefined && after(modified, unmodified, false)
  if (isAnother || wasModified) throw new S3Error('PreconditionFailed')
  const isKnown = noneMatch !== undefined && names(noneMatch, etag)
  const isUnmodified = noneMatch === undefined && since !== undefined && !after(modified, since, true)
  if (isKnown || isUnmodified)
    throw new S3Error(prefix ? 'PreconditionFailed' : 'NotModified', '', { ETag: `"${etag}"` })
}

/**
 * The conditions of a write: If-None-Match: * and If-Match.
 * @throws S3Error PreconditionFailed, NoSuchKey where If-Match finds nothing
 */
export const checkWrite = (headers: Headers, key: string, present: StoredObject | undefined) => {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if (noneMatch !== undefined && noneMatch !== '*')
    throw new S3Error('NotImplemented', 'If-None-Match takes * only')
  if (noneMatch && present) throw new S3Error('PreconditionFailed', '', { Condition: 'If-None-Match' })
  if (match === undefined) return
  if (!present) throw new S3Error('NoSuchKey', '', { Key: key })
  if (!names(match, present.etag)) throw new S3Error('PreconditionFailed', '', { Condition: 'If-Match' })
}

/** If-Range: whether a range is wanted of this object, rather than the whole of another (RFC 9110, 13.1.5). */
export const isRangeOf = (condition: string | undefined, { etag, modified }: StoredObject) =>
  condition === undefined || [`"${etag}"`, new Date(modified).toUTCString()].includes(condition)

/**
 * The one range of a Range header as [start, end) of `size` bytes; undefined for the whole, also where the header is
 * not understood or asks for several ranges, as S3 does.
 * @throws S3Error InvalidRange
 */
export const parseRange = (header: string | undefined, size: number) => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  const [, first = '', last = ''] = match ?? []
  if (!match || (!first && !last) || (first && last && Number(first) > Number(last))) return undefined
  const start = first ? Number(first) : Math.max(0, size - Number(last))
  const end = first && last ? Math.min(Number(last) + 1, size) : size
  if (start >= end) throw new S3Error('InvalidRange', '', { RangeRequested: header!, ActualObjectSize: size })
  return { start, end }
}
