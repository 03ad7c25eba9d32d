import path from 'node:path'
import { decode, newFrame, openFilters, packetsOf } from '../../layers/media/ffmpeg.ts'
import { openClip, openDecoder } from '../../layers/media/open.ts'
import type { ClipRecipe } from '../layers/media/make-clip.ts'

const street = path.resolve(import.meta.dirname, '../../media/street.mp4')

type Paint = NonNullable<ClipRecipe['paint']>

/** Paints the first `count` frames of the street clip, scaled to `width` x `height`, again and again. */
export const readFootage = async (width: number, height: number, count: number): Promise<Paint> => {
  await using clip = await openClip(street)
  using decoder = (await openDecoder(clip.video))!
  using frame = newFrame()
  const { codecpar, timeBase } = clip.video
  using filters = openFilters(
    `video_size=${codecpar.width}x${codecpar.height}:pix_fmt=yuv420p:time_base=${timeBase.num}/${timeBase.den}`,
    `scale=${width}:${height},format=yuv420p`
  )
  const pictures: Buffer[][] = []
  for await (const packet of packetsOf(clip.input, clip.video)) {
    await decode(decoder, packet, frame, decoded =>
      filters(decoded, scaled => {
        pictures.push([0, 1, 2].map(p => plane(scaled.data![p], scaled.linesize[p], p, width, height)))
      })
    )
    if (pictures.length >= count) break
  }
  return (planes, index) => pictures[index % count].forEach((picture, p) => void picture.copy(planes[p]))
}

/** Plane `p` (luma, then twice chroma of half the size) without the padding at the end of its rows. */
const plane = (bytes: Buffer, stride: number, p: number, width: number, height: number) => {
  const [columns, rows] = p ? [Math.ceil(width / 2), Math.ceil(height / 2)] : [width, height]
  return Buffer.concat(
    Array.from({ length: rows }, (_, row) => bytes.subarray(row * stride, row * stride + columns))
  )
}
