import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import {
  AV_NOPTS_VALUE,
  AVSEEK_FLAG_BACKWARD,
  type CodecContext,
  type Frame,
  type Packet,
  type Stream
} from 'node-av'
import type { ClipFacts, FrameTable, PictureFormat, Segment } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { colourOf } from './colour.ts'
import { decode as decodePacket, encode, newFrame, newPacket, orFree, packetsOf } from './ffmpeg.ts'
import { turned, turnOf } from './geometry.ts'
import { fitted, type Size } from './size.ts'
import { openClip, openDecoder, selectStream, type OpenClip } from './open.ts'
import { adaptingFilters, openPictureEncoder, prepareForEncoder, toRgb, toYuv } from './pictures.ts'
import { isShown, unsupported } from './probe.ts'
import { collect } from './timeline.ts'

export interface DecodeOptions {
  format: PictureFormat
  /** Pixels of the longer side at most; pictures are never scaled up. */
  longSide?: number
  /** The file of pictures, written anew. */
  out: string
}

/**
 * Decodes the frames of a segment, each once, into upright pictures with square pixels.
 * Frames that are lost to damage repeat the picture before them (the one behind, at the segment's start).
 * Throws `clip-damaged` where nothing can be decoded, or other packets are met than when the clip was probed.
 */
export const decode = async (
  file: string,
  segment: Segment,
  facts: ClipFacts,
  { format, longSide, out }: DecodeOptions,
  onFrames: (frames: number) => void
): Promise<FrameTable> => {
  const size = fitted(facts.video, longSide)
  await using output = await open(out, 'w')
  await using clip = await enter(file, segment.entry)
  const written = new Map<number, { offset: number; bytes: number }>()
  let offset = 0
  using pictures = openPictures(clip.video, format, size, packet => {
    const picture = packet.data!
    writeFileSync(output.fd, picture)
    written.set(Number(packet.pts), { offset, bytes: picture.length })
    offset += picture.length
    onFrames(written.size)
  })
  const expected = await decodeFrames(file, clip, segment, pictures)
  if (!written.size || expected.length !== segment.frames)
    throw new Fault('clip-damaged', {
      file,
      firstFrame: segment.firstFrame,
      lastFrame: segment.firstFrame + segment.frames - 1,
      decoded: written.size
    })
  return {
    segment: segment.index,
    format,
    ...size,
    timeBase: facts.video.timeBase,
    ...rows(segment, expected, written)
  }
}

const rows = (
  segment: Segment,
  expected: Float64Array,
  written: Map<number, { offset: number; bytes: number }>
) => {
  const repeated: number[] = []
  let picture = [...written.values()][0]
  const frames = Array.from(expected, (pts, i) => {
    const index = segment.firstFrame + i
    const own = written.get(pts)
    if (!own) repeated.push(index)
    picture = own ?? picture
    return { index, pts, ...picture }
  })
  return { frames, ...(repeated.length && { repeated }) }
}

interface Pictures {
  add: (frame: Frame) => Promise<void>
  end: () => Promise<void>
}

/**
 * Adds the frames of [from, until) to `pictures`. Gives the time stamps that the container has for them, ascending.
 */
const decodeFrames = async (
  file: string,
  { input, video, skipUntil }: EnteredClip,
  { from, until = Infinity }: Segment,
  pictures: Pictures
) => {
  using decoder = await openDecoder(video)
  if (!decoder) throw unsupported(file, video)

  const expected = collect()
  let passed = false
  let last = -Infinity
  const useFrame = async (frame: Frame) => {
    const pts = Number(frame.pts === AV_NOPTS_VALUE ? frame.bestEffortTimestamp : frame.pts)
    passed ||= pts >= until
    if (pts < from || pts >= until || pts <= last) return
    last = pts
    frame.pts = BigInt(pts)
    await pictures.add(frame)
  }
  using frame = newFrame()
  let entered = false
  for await (const packet of packetsOf(input, video)) {
    const pts = packet.pts === AV_NOPTS_VALUE ? NaN : Number(packet.pts)
    entered ||= packet.isKeyframe && !(pts < skipUntil)
    if (!entered) continue
    if (pts >= from && pts < until && isShown(packet, video)) expected.add(pts)
    await decodePacket(decoder, packet, frame, useFrame)
    if (passed) break
  }
  if (!passed) await decodePacket(decoder, undefined, frame, useFrame)
  await pictures.end()
  return expected.sorted()
}

interface EnteredClip extends OpenClip {
  /** Key frames before this time are not those to enter at. */
  skipUntil: number
}

/**
 * Opens the clip where reading on finds the key frame of `entry`: by the container's index, further ahead of it, or at the
 * clip's start. Only from there are time stamps surely those that probing met; behind a jump the first ones can be off.
 */
const enter = async (file: string, entry: number): Promise<EnteredClip> => {
  for (const ahead of [0, safeDistance]) {
    const clip = await openPictureTrack(file)
    const [target, skipUntil] = [ahead, safeDistance].map(seconds => before(entry, seconds, clip.video))
    const entered = await orFree(
      clip,
      async () => (await landsBefore(clip, target, entry)) && jump(clip, target)
    )
    if (entered) return { ...clip, skipUntil }
    await clip[Symbol.asyncDispose]()
  }
  return { ...(await openPictureTrack(file)), skipUntil: entry }
}

/** Seconds by which no demuxer is wrong about where it landed. */
const safeDistance = 10

const before = (pts: number, seconds: number, { timeBase: { num, den } }: Stream) =>
  pts - Math.round((seconds * den) / num)

const openPictureTrack = async (file: string) => {
  const clip = await openClip(file)
  selectStream(clip.input, clip.video)
  return clip
}

const jump = async ({ input, video }: OpenClip, target: number) =>
  (await input.seekFrame(video.index, BigInt(target), AVSEEK_FLAG_BACKWARD)) >= 0

/** Whether the first key frame behind a jump to `target` lies at or before `entry`. */
const landsBefore = async (clip: OpenClip, target: number, entry: number) => {
  if (!(await jump(clip, target))) return false
  for await (const packet of packetsOf(clip.input, clip.video))
    if (packet.isKeyframe) return packet.pts !== AV_NOPTS_VALUE && Number(packet.pts) <= entry
  return false
}

/** Turns frames into pictures of `size`; a frame that differs in geometry or format from the one before is welcome. */
const openPictures = (
  video: Stream,
  format: PictureFormat,
  size: Size,
  write: (picture: Packet) => void
): Pictures & Disposable => {
  const { rotation, filters: turns } = turnOf(video)
  const stored = turned(size, rotation)
  const filters = adaptingFilters(video.timeBase, frame => [
    ...(format === 'png'
      ? toRgb(stored)
      : toYuv(frame, stored, colourOf(video).space, { space: 'bt470bg', range: 'pc' })),
    ...turns
  ])
  const packet = newPacket()
  let encoder: CodecContext | undefined
  return {
    add: frame =>
      filters(frame, async filtered => {
        prepareForEncoder(filtered)
        encoder ??= await openPictureEncoder(format, filtered, video.timeBase)
        await encode(encoder, filtered, packet, write)
      }),
    end: async () => {
      if (encoder) await encode(encoder, undefined, packet, write)
    },
    [Symbol.dispose]: () => {
      encoder?.freeContext()
      filters[Symbol.dispose]()
      packet.free()
    }
  }
}
