import { stat } from 'node:fs/promises'
import {
  AV_CODEC_ID_VP8,
  AV_NOPTS_VALUE,
  AV_PKT_FLAG_DISCARD,
  avGetCodecName,
  type Packet,
  type Stream
} from 'node-av'
import type { ClipFacts } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { colourOf } from './colour.ts'
import { isCutOff } from './cut-off.ts'
import { packetsOf } from './ffmpeg.ts'
import { squareSize, turned, turnOf } from './geometry.ts'
import { openClip, openDecoder, selectStream, type OpenClip } from './open.ts'
import { collect, isVariable, longestStretch, type Timeline } from './timeline.ts'

export interface Probed {
  facts: ClipFacts
  timeline: Timeline
}

/** A decoder would have to go through so many frames to reach one: two minutes at 30 a second. */
const longestEntry = 3600

/**
 * Reads all packets of the clip's pictures without decoding them.
 * Throws `clip-unseekable` where more than 3,600 frames follow on one key frame: each segment among them would have to
 * be decoded from there, which takes time that grows with the square of the clip's length.
 */
export const probe = async (file: string): Promise<Probed> => {
  await using clip = await openClip(file)
  const { input, video, audio } = clip
  {
    using decoder = await openDecoder(video)
    if (!decoder) throw unsupported(file, video)
  }

  selectStream(input, video)
  const shown = collect()
  const entries = collect()
  let last = { pts: -Infinity, duration: 0 }
  let firstKey: number | undefined
  let packets = 0
  for await (const packet of packetsOf(input, video)) {
    packets++
    if (packet.pts === AV_NOPTS_VALUE) continue
    const pts = Number(packet.pts)
    if (packet.isKeyframe) {
      firstKey ??= pts
      entries.add(pts)
    }
    // what comes before the first key frame, in either order, cannot be decoded
    if (firstKey === undefined || pts < firstKey || !isShown(packet, video)) continue
    shown.add(pts)
    if (pts > last.pts) last = { pts, duration: Number(packet.duration) }
  }
  const pts = shown.sorted()
  if (!pts.length) throw new Fault('clip-without-video', { file })
  const timeline = { pts, keys: entries.sorted() }
  const frames = longestStretch(timeline)
  if (frames > longestEntry) throw new Fault('clip-unseekable', { file, frames, limit: longestEntry })

  const { rotation } = turnOf(video)
  const { num, den } = video.timeBase
  const start = pts[0]
  const end = pts.at(-1)! + (last.duration || ticksOfAFrame(video, pts))
  const variable = pts.length > 1 && isVariable(pts)
  return {
    facts: {
      container: clip.container,
      bytes: (await stat(file)).size,
      video: {
        codec: avGetCodecName(video.codecpar.codecId) ?? 'unknown',
        ...turned(squareSize(video), rotation),
        rotation,
        timeBase: { num, den },
        frames: pts.length,
        missingAtEnd: (await isCutOff(file, clip.container)) ? Math.max(0, promised(clip) - packets) : 0,
        start,
        end,
        frameRate: averageRate(video, pts.length, end - start),
        variable,
        colour: colourOf(video)
      },
      ...(audio && {
        audio: {
          codec: avGetCodecName(audio.codecpar.codecId) ?? 'unknown',
          channels: audio.codecpar.channelLayout.nbChannels,
          sampleRate: audio.codecpar.sampleRate
        }
      })
    },
    timeline
  }
}

/** Frames that the container says there are: counted by the index of MP4 and AVI; Matroska tells its duration only. */
const promised = ({ container, input, video }: OpenClip) => {
  const { num, den } = video.avgFrameRate
  return container === 'matroska'
    ? Math.round((Number(input.duration) * num) / (1e6 * (den || 1)))
    : Number(video.nbFrames)
}

export const unsupported = (file: string, video: Stream) =>
  new Fault('clip-unreadable', {
    file,
    reason: `its codec (${avGetCodecName(video.codecpar.codecId) ?? 'unknown'}) is not supported`
  })

/**
 * Whether a packet becomes a picture: not where an edit list cuts it away, nor where VP8 stores a picture that only
 * later ones refer to (RFC 6386, 9.1: show_frame).
 */
export const isShown = (packet: Packet, video: Stream) =>
  !packet.hasFlags(AV_PKT_FLAG_DISCARD) &&
  (video.codecpar.codecId !== AV_CODEC_ID_VP8 || ((packet.data?.[0] ?? 0) & 0x10) !== 0)

const ticksOfAFrame = (video: Stream, pts: Float64Array) => {
  if (pts.length > 1) return pts.at(-1)! - pts.at(-2)!
  const { num, den } = video.avgFrameRate
  return num > 0 ? Math.max(1, Math.round((den * video.timeBase.den) / (num * video.timeBase.num))) : 1
}

/** The rate that the container names, where frames and duration agree with it; else their quotient. */
const averageRate = (video: Stream, frames: number, ticks: number) => {
  const { num: tickNum, den: tickDen } = video.timeBase
  const { num, den } = video.avgFrameRate
  const measured = (frames * tickDen) / (ticks * tickNum)
  if (num > 0 && den > 0 && Math.abs(num / den / measured - 1) < 1e-3) return { num, den }
  return reduced(frames * tickDen, ticks * tickNum)
}

const reduced = (num: number, den: number) => {
  const divisor = gcd(num, den)
  return { num: num / divisor, den: den / divisor }
}
const gcd = (a: number, b: number): number => (b ? gcd(b, a % b) : a)
