import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { createClient } from '../../../../functions/shared/storage.ts'
import { exchange } from '../raw.ts'
import type { Exchange } from '../raw.ts'
import { Bucket, target } from './context.ts'

/** Signs links (getSignedUrl): they are good for any content, so that the checksum of the empty one must not be in them. */
export const linker = createClient({ ...target, checksums: false })

/** Requests an address as it is written; `fetch` would take `.` and `..` out of it. */
export const follow = (address: string, options: Omit<Exchange, 'path'> = {}) => {
  const [, origin, path] = /^(https?:\/\/[^/]+)(.*)$/.exec(address)!
  return exchange(origin, { ...options, path })
}

/** Sends a form with a file, as a browser would. */
export const submit = async (
  options: Partial<PresignedPostOptions> & { Key: string },
  { content = 'content', change = {} }: { content?: string; change?: Record<string, string> } = {}
) => {
  const { url, fields } = await createPresignedPost(target.client, { Bucket, ...options })
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...fields, ...change })) form.append(name, value)
  form.append('file', new Blob([content]), 'clip one.mp4')
  const response = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
