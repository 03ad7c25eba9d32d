import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Job } from '../../events/job.ts'
import { openMedia, type Media } from '../../layers/media/index.ts'
import type { Context } from './context.ts'

interface OpenClip {
  identity: string
  folder: string
  media: Media
  /** The clip as a local file, once somebody asked for it. */
  file?: Promise<string>
}

let current: OpenClip | undefined

/** What belongs to a clip in this process, kept for the next invocation on the same clip; another clip's goes. */
const open = async (context: Context, { clip, name }: Job): Promise<OpenClip> => {
  const identity = JSON.stringify([clip.bucket, clip.key, clip.version ?? clip.etag])
  if (current?.identity === identity && current.media.alive) return current
  const before = current
  current = undefined
  if (before) {
    await before.media[Symbol.asyncDispose]()
    await rm(before.folder, { recursive: true, force: true })
  }
  // Several processes may have one scratch folder.
  const folder = await mkdtemp(path.join(context.scratch, 'clip-'))
  const file = path.join(folder, 'clip')
  return (current = {
    identity,
    folder,
    media: openMedia({ nameOf: path => (path === file ? name : path) })
  })
}

/** A media process that works for this job's clip alone: what a clip does to it can harm no other. */
export const clipMedia = async (context: Context, job: Job): Promise<Media> =>
  (await open(context, job)).media

/**
 * The job's clip as a local file.
 * @throws Fault object-changed when the upload is no longer the one that the job was made for
 */
export const clipFile = async (context: Context, job: Job): Promise<string> => {
  const clip = await open(context, job)
  clip.file ??= download(context, job, path.join(clip.folder, 'clip'))
  try {
    return await clip.file
  } catch (error) {
    clip.file = undefined
    throw error
  }
}

const download = async ({ uploads }: Context, { clip }: Job, file: string) => {
  await uploads.download(clip.key, file, { etag: clip.etag, version: clip.version })
  return file
}
