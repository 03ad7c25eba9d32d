import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'
import { openMedia, type Media } from '../../layers/media/index.ts'
import type { Context } from './context.ts'

let current: { clip: string; file: string; media: Media } | undefined

/**
 * The job's clip as a local file, with a media process of its own. Both are kept for the next invocation of this
 * process on the same clip and dropped when another clip comes.
 * @throws Fault clip-changed when the upload is no longer the one that the job was made for
 */
export const openClip = async (context: Context, { clip }: Job): Promise<{ file: string; media: Media }> => {
  const identity = createHash('sha256')
    .update(JSON.stringify([clip.bucket, clip.key, clip.version ?? clip.etag]))
    .digest('hex')
  if (current?.clip === identity && current.media.alive) return current
  await closeClip()

  const folder = path.join(context.scratch, 'clip')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, identity.slice(0, 16))
  await context.uploads.download(clip.key, file)
  if ((await context.uploads.head(clip.key))?.etag !== clip.etag) throw new Fault('clip-changed', { clip: clip.key })
  current = { clip: identity, file, media: openMedia() }
  return current
}

export const closeClip = async () => {
  const clip = current
  current = undefined
  await clip?.media[Symbol.asyncDispose]()
}
