import { rm } from 'node:fs/promises'
import {
  AV_NOPTS_VALUE,
  AVERROR_EINVAL,
  AVERROR_INVALIDDATA,
  AVERROR_PATCHWELCOME,
  avGetCodecName,
  FFmpegError,
  type Stream
} from 'node-av'
import { packetsOf, Unreadable } from './ffmpeg.ts'
import { canDecode, openClip, selectStream } from './open.ts'
import { openOutput } from './output.ts'

export const soundFormat = 'matroska'
/** Tag of the sound's file: the time of its first packet in the clip, in seconds. */
export const soundStart = 'CLIPMILL_START'

/** Sound that browsers play in MP4; other sound is encoded as AAC. */
export const isPlayable = ({ codecpar }: Stream) =>
  ['aac', 'mp3', 'opus', 'flac'].includes(avGetCodecName(codecpar.codecId) ?? '')

/** Whether sound can become part of a result. */
export const isUsable = async (stream: Stream) => isPlayable(stream) || (await canDecode(stream))

/**
 * Copies the clip's sound, as it is, into a file of its own that starts at 0 and says in a tag when it started in the clip.
 * Answers false, and leaves nothing, where there is no sound or it is of no use: sound is an extra, and never a clip's fault.
 */
export const sound = async (file: string, { out }: { out: string }) => {
  await using clip = await openClip(file)
  const { input, audio } = clip
  if (!audio || !(await isUsable(audio))) return false
  selectStream(input, audio)
  const copied = await copy(audio, packetsOf(input, audio), out).catch((error: unknown) => {
    if (isOfSound(error)) return false
    throw error
  })
  if (!copied) await rm(out, { force: true })
  return copied
}

/** What demuxers and muxers say to streams that they cannot make sense of; all else is of the machine. */
export const isOfSound = (error: unknown) =>
  error instanceof Unreadable || (error instanceof FFmpegError && refusals.includes(error.code))
const refusals: number[] = [AVERROR_INVALIDDATA, AVERROR_EINVAL, AVERROR_PATCHWELCOME]

const copy = async ({ codecpar, timeBase }: Stream, packets: ReturnType<typeof packetsOf>, out: string) => {
  const open = (start: bigint) => {
    const seconds = (Number(start) * timeBase.num) / timeBase.den
    return openOutput(
      out,
      soundFormat,
      [{ copied: codecpar, timeBase }],
      {},
      { [soundStart]: String(seconds) }
    )
  }
  let output: Awaited<ReturnType<typeof open>> | undefined
  let start = 0n
  try {
    for await (const packet of packets) {
      if (packet.pts === AV_NOPTS_VALUE) continue
      if (!output) {
        start = packet.pts
        output = await open(start)
      }
      packet.pts -= start
      packet.dts = packet.pts
      packet.rescaleTs(timeBase, output.streams[0].timeBase)
      await output.write(packet, 0)
    }
    await output?.end()
    return output !== undefined
  } finally {
    await output?.[Symbol.asyncDispose]()
  }
}
