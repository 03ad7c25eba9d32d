import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Job } from '../../events/job.ts'
import { openMedia, type Media } from '../../layers/media/index.ts'
import type { Context } from './context.ts'

interface OpenClip {
  identity: string
  folder: string
  file: string
  media: Media
}

let current: OpenClip | undefined

/**
 * The job's clip as a local file, with a media process of its own. Both are kept for the next invocation of this
 * process on the same clip and dropped when another clip comes.
 * @throws Fault object-changed when the upload is no longer the one that the job was made for
 */
export const openClip = async (
  context: Context,
  { clip }: Job
): Promise<Pick<OpenClip, 'file' | 'media'>> => {
  const identity = JSON.stringify([clip.bucket, clip.key, clip.version ?? clip.etag])
  if (current?.identity === identity && current.media.alive) return current
  await closeClip()

  // Several processes may have one scratch folder.
  const folder = await mkdtemp(path.join(context.scratch, 'clip-'))
  const file = path.join(folder, 'clip')
  try {
    await context.uploads.download(clip.key, file, { etag: clip.etag })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  current = { identity, folder, file, media: openMedia() }
  return current
}

const closeClip = async () => {
  const clip = current
  current = undefined
  await clip?.media[Symbol.asyncDispose]()
  if (clip) await rm(clip.folder, { recursive: true, force: true })
}
