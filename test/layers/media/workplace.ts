import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll } from 'vitest'
import type { FrameTable, PictureFormat } from '../../../events/clip.ts'
import { openMedia, planSegments, type Media } from '../../../layers/media/index.ts'

/** A folder and a media process for the tests of one file. */
export const openWorkplace = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-media-'))
  const media = openMedia()
  afterAll(async () => {
    await media[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  return { media, at: (name: string) => path.join(folder, name) }
}

interface DecodeAll {
  /** Frames of a segment; all by default. */
  target?: number
  format?: PictureFormat
  longSide?: number
}

/** Decodes a whole clip, cut into segments of about `target` frames. */
export const decodeAll = async (
  media: Media,
  file: string,
  { target = Infinity, format = 'png', longSide }: DecodeAll = {}
) => {
  const { facts, timeline } = await media.probe(file)
  const segments = planSegments(timeline, { target, max: Math.floor(target * 1.5) })
  const tables: FrameTable[] = []
  const files: string[] = []
  for (const segment of segments) {
    const out = `${file}-${target}-${segment.index}.${format}`
    tables.push(await media.decode(file, segment, facts, { format, longSide, out }))
    files.push(out)
  }
  const pictures = tables.flatMap((table, i) => {
    const bytes = readFileSync(files[i])
    return table.frames.map(({ offset, bytes: n }) => bytes.subarray(offset, offset + n))
  })
  return { facts, timeline, segments, tables, files, pictures, rows: tables.flatMap(t => t.frames) }
}

/** RGB of a picture, three bytes a pixel. */
export const pixels = async (picture: Buffer) => {
  const { data, info } = await sharp(picture)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}
