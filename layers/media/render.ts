import { open, writeFile } from 'node:fs/promises'
import {
  Codec,
  FF_ENCODER_LIBX264,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  Rational,
  type CodecContext,
  type Packet
} from 'node-av'
import { seconds, type ClipFacts, type FrameTable, type Shape } from '../../events/clip.ts'
import { openCanvas, readPicture, type Target } from './canvas.ts'
import type { ColourTags } from './colour.ts'
import { encode, newPacket, openEncoder } from './ffmpeg.ts'
import { openOutput } from './output.ts'
import { matrixOf, openPictureEncoder, prepareForEncoder } from './pictures.ts'
import { threads } from './threads.ts'

/** Container of rendered segments: the only one that keeps any time base exactly. */
export const segmentFormat = 'nut'

export interface RenderOptions {
  /** The segment's file of pictures, and its table. */
  pictures: string
  table: FrameTable
  /** What to draw on each frame of the table; nothing by default. */
  shapes?: Shape[][]
  facts: ClipFacts
  /** The pictures are the result itself: hardly anything is lost of them, whatever that takes. */
  fine?: boolean
  /** The segment's video, H.264 in NUT, for `join`. */
  out: string
}

/**
 * Encodes a segment's pictures with shapes on them. Each frame keeps its time, counted from the clip's start; matrix,
 * primaries and transfer are the clip's, the range is limited.
 */
export const render = async (
  { pictures, table, shapes, facts, fine = false, out }: RenderOptions,
  onFrames: (frames: number) => void
) => {
  const { colour } = facts.video
  const target: Target = { ...evenSize(table), space: matrixOf(colour.space), range: 'tv' }
  const start = startIn(table.timeBase, facts)
  await using file = await open(pictures)
  using canvas = await openCanvas(table, facts.video, target)
  using packet = newPacket()
  using encoder = await openVideoEncoder(
    target,
    table,
    colour,
    fine ? fineQuality : usualQuality(facts, target)
  )
  await using output = await openOutput(out, segmentFormat, [{ encoder, timeBase: encoder.timeBase }])
  const write = async (p: Packet) => {
    p.rescaleTs(encoder.timeBase, output.streams[0].timeBase)
    await output.write(p, 0)
  }
  for (const [i, row] of table.frames.entries()) {
    await canvas.paint(readPicture(file.fd, row), shapes?.[i] ?? [], async frame => {
      frame.pts = BigInt(row.pts - start)
      frame.pictType = AV_PICTURE_TYPE_NONE
      await encode(encoder, frame, packet, write)
    })
    onFrames(i + 1)
  }
  await encode(encoder, undefined, packet, write)
  await output.end()
}

const usualQuality = (facts: ClipFacts, target: Target) => {
  const rate = highestRate(facts, target)
  return { crf: '22', maxrate: String(rate), bufsize: String(2 * rate) }
}
const fineQuality = { crf: '14' }

/** Bits a second: twice what the source has for as many pixels, so that results do not outgrow their sources. */
const highestRate = ({ bytes, video }: ClipFacts, { width, height }: Target) => {
  const ofSource = (bytes * 8) / seconds(video.end - video.start, video.timeBase)
  const rate = (2 * ofSource * width * height) / (video.width * video.height)
  return Math.round(Math.min(2e8, Math.max(5e5, rate)))
}

/** Pictures of H.264 with 4:2:0 have even sides. */
const evenSize = ({ width, height }: { width: number; height: number }) => ({
  width: width - (width % 2),
  height: height - (height % 2)
})

const startIn = (timeBase: { num: number; den: number }, { video }: ClipFacts) =>
  Math.round((video.start * video.timeBase.num * timeBase.den) / (video.timeBase.den * timeBase.num))

/** Without B frames, so that segments can be put one behind the other: time stamps of decoding are those of showing. */
const openVideoEncoder = (
  target: Target,
  { timeBase }: FrameTable,
  colour: ColourTags,
  quality: Record<string, string>
): Promise<CodecContext> =>
  openEncoder(
    Codec.findEncoderByName(FF_ENCODER_LIBX264)!,
    {
      preset: 'veryfast',
      ...quality,
      bf: '0',
      colorspace: colour.space === 'gbr' ? 'smpte170m' : colour.space,
      color_primaries: colour.primaries,
      color_trc: colour.transfer,
      color_range: 'tv',
      'x264-params': 'log=-1'
    },
    context => {
      context.width = target.width
      context.height = target.height
      context.pixelFormat = AV_PIX_FMT_YUV420P
      context.sampleAspectRatio = new Rational(1, 1)
      context.timeBase = new Rational(timeBase.num, timeBase.den)
      context.threadCount = threads
    }
  )

export interface StillOptions {
  picture: Uint8Array
  table: FrameTable
  shapes?: Shape[]
  facts: ClipFacts
  out: string
}

/** Writes one picture with shapes on it as a JPEG. */
export const still = async ({ picture, table, shapes = [], facts, out }: StillOptions) => {
  const { width, height } = table
  using canvas = await openCanvas(table, facts.video, { width, height, space: 'bt470bg', range: 'pc' })
  using packet = newPacket()
  const parts: Buffer[] = []
  const keep = (p: Packet) => void parts.push(Buffer.from(p.data!))
  await canvas.paint(Buffer.from(picture), shapes, async frame => {
    prepareForEncoder(frame)
    frame.pts = 0n
    using encoder = await openPictureEncoder('jpeg', frame, new Rational(1, 1000))
    await encode(encoder, frame, packet, keep)
    await encode(encoder, undefined, packet, keep)
  })
  await writeFile(out, Buffer.concat(parts))
}
