import { readFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import type { FrameTable } from '../events/clip.ts'
import { openMedia, planSegments } from '../layers/media/index.ts'

/** Some pictures of a clip, all of one size. */
export interface Pictures {
  width: number
  height: number
  /** JPEG. */
  files: Uint8Array[]
}

/** The first pictures of a clip, as `decode` makes them for the tasks. */
export const takePictures = async (clip: string, count: number, scratch: string): Promise<Pictures> => {
  await using media = openMedia()
  const { facts, timeline } = await media.probe(clip)
  const [segment] = planSegments(timeline, { target: count, max: 2 * count })
  const out = path.join(scratch, 'pictures.bin')
  const table = await media.decode(clip, segment, facts, { format: 'jpeg', longSide: 1920, out })
  const { width, height, frames } = table satisfies FrameTable
  const bytes = await readFile(out)
  return { width, height, files: frames.map(({ offset, bytes: n }) => bytes.subarray(offset, offset + n)) }
}

/** The same pictures in another size. */
export const resized = async ({ files }: Pictures, size: Omit<Pictures, 'files'>): Promise<Pictures> => ({
  ...size,
  files: await Promise.all(
    files.map(file =>
      sharp(file)
        .resize({ ...size, fit: 'fill' })
        .jpeg({ quality: 95 })
        .toBuffer()
    )
  )
})
