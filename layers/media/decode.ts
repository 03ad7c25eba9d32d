import { closeSync, openSync, writeSync } from 'node:fs'
import { AV_NOPTS_VALUE, AVSEEK_FLAG_BACKWARD, type CodecContext, type Frame, type Packet } from 'node-av'
import type { ClipFacts, FrameTable, PictureFormat, Segment } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { colourOf } from './colour.ts'
import {
  decode as decodePacket,
  encode,
  newFrame,
  newPacket,
  openFilters,
  packetsOf,
  type Filters
} from './ffmpeg.ts'
import { turned, turnOf } from './geometry.ts'
import { fitted, type Size } from './size.ts'
import { openClip, openDecoder, readOnly, type OpenClip } from './open.ts'
import { describeFrames, openPictureEncoder, prepareForEncoder, toRgb, toYuv } from './pictures.ts'
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
  const pictures = openSync(out, 'w')
  const written = new Map<number, { offset: number; bytes: number }>()
  try {
    let offset = 0
    const expected = await decodeFrames(
      file,
      segment,
      pictureEncoder(format, size, packet => {
        const bytes = writeSync(pictures, packet.data!)
        written.set(Number(packet.pts), { offset, bytes })
        offset += bytes
        onFrames(written.size)
      })
    )
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
  } finally {
    closeSync(pictures)
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

type UseFrame = (clip: OpenClip, frame: Frame | undefined) => Promise<void>

/**
 * Hands the frames of [from, until) to `use`, and undefined at the end. Gives the time stamps that the container has for
 * them, ascending.
 */
const decodeFrames = async (file: string, segment: Segment, use: UseFrame) => {
  const { from, until = Infinity } = segment
  await using clip = await enter(file, segment.entry)
  const { input, video } = clip
  const decoder = await openDecoder(video)
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
    await use(clip, frame)
  }
  using frame = newFrame()
  try {
    let entered = false
    for await (const packet of packetsOf(input, video)) {
      entered ||= packet.isKeyframe
      if (!entered) continue
      const pts = Number(packet.pts)
      if (packet.pts !== AV_NOPTS_VALUE && pts >= from && pts < until && isShown(packet, video))
        expected.add(pts)
      await decodePacket(decoder, packet, frame, useFrame)
      if (passed) break
    }
    if (!passed) await decodePacket(decoder, undefined, frame, useFrame)
    await use(clip, undefined)
  } finally {
    decoder.freeContext()
  }
  return expected.sorted()
}

/** Opens the clip where reading on finds the key frame of `entry`: by the container's index, else further ahead of it. */
const enter = async (file: string, entry: number): Promise<OpenClip> => {
  for (const secondsAhead of [0, 10]) {
    const clip = await openClip(file)
    readOnly(clip.input, clip.video)
    const { num, den } = clip.video.timeBase
    const target = entry - Math.round((secondsAhead * den) / num)
    if (await landsBefore(clip, target, entry)) {
      await clip.input.seekFrame(clip.video.index, BigInt(target), AVSEEK_FLAG_BACKWARD)
      return clip
    }
    await clip[Symbol.asyncDispose]()
  }
  const clip = await openClip(file)
  readOnly(clip.input, clip.video)
  return clip
}

/** Whether the first key frame behind a jump to `target` lies at or before `entry`. */
const landsBefore = async ({ input, video }: OpenClip, target: number, entry: number) => {
  if ((await input.seekFrame(video.index, BigInt(target), AVSEEK_FLAG_BACKWARD)) < 0) return false
  for await (const packet of packetsOf(input, video))
    if (packet.isKeyframe) return packet.pts !== AV_NOPTS_VALUE && Number(packet.pts) <= entry
  return false
}

/** Turns frames into pictures of `size`; a frame that differs in geometry or format from the one before is welcome. */
const pictureEncoder = (format: PictureFormat, size: Size, write: (picture: Packet) => void): UseFrame => {
  const packet = newPacket()
  let encoder: CodecContext | undefined
  let filters: (Filters & Disposable) | undefined
  let described = ''
  return async ({ video }, frame) => {
    const put = async (filtered: Frame) => {
      prepareForEncoder(filtered)
      encoder ??= await openPictureEncoder(format, filtered, video.timeBase)
      await encode(encoder, filtered, packet, write)
    }
    if (!frame) {
      if (encoder) await encode(encoder, undefined, packet, write)
      encoder?.freeContext()
      filters?.[Symbol.dispose]()
      packet.free()
      return
    }
    const description = describeFrames(frame, video.timeBase)
    if (description !== described) {
      filters?.[Symbol.dispose]()
      const { rotation, filters: turns } = turnOf(video)
      const stored = turned(size, rotation)
      const chain =
        format === 'png'
          ? toRgb(stored)
          : toYuv(frame, stored, colourOf(video).space, { space: 'bt470bg', range: 'pc' })
      filters = openFilters(description, [...chain, ...turns, 'setsar=1'].join(','))
      described = description
    }
    await filters!(frame, put)
  }
}
