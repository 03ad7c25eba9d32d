import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import type { Account } from './account.ts'
import type { Stack } from './stack.ts'

interface UploadForm {
  /** Where a browser's form is sent to, by POST, as multipart/form-data. */
  url: string
  /** Its fields; `file` comes last. */
  fields: Record<string, string>
}

/**
 * A form by which anybody can upload one clip, of a size and type that S3 enforces.
 * @param key in the uploads bucket
 * @param type that the clip's media type begins with
 * @param expires seconds
 */
export const makeForm = (
  account: Account,
  stack: Stack,
  { key, type, most, expires }: { key: string; type: string; most: number; expires: number }
): Promise<UploadForm> =>
  createPresignedPost(account.s3, {
    Bucket: stack.uploads,
    Key: key,
    Expires: expires,
    Conditions: [
      ['content-length-range', 1, most],
      ['starts-with', '$Content-Type', type]
    ]
  })

export const formLines = ({ url, fields }: UploadForm) => {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
  const given = Object.entries(fields).map(([name, value]) => `-F ${quoted(`${name}=${value}`)}`)
  return [`curl ${[...given, "-F Content-Type=video/mp4 -F 'file=@clip.mp4'"].join(' ')} ${quoted(url)}`]
}
