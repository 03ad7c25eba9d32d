import {
  AV_NOPTS_VALUE,
  AV_SAMPLE_FMT_FLTP,
  avChannelLayoutDefault,
  avGetAudioFrameDuration2,
  avGetSampleFmtName,
  avRescaleDelta,
  Codec,
  FF_ENCODER_AAC,
  Rational,
  type AVSampleFormat,
  type CodecContext,
  type FormatContext,
  type Frame,
  type Packet,
  type Stream
} from 'node-av'
import { seconds, type ClipFacts } from '../../events/clip.ts'
import {
  decode,
  encode,
  newFrame,
  newPacket,
  ok,
  openEncoder,
  openFilters,
  orFree,
  packetsOf,
  type Filters
} from './ffmpeg.ts'
import { openDecoder, openOwn } from './open.ts'
import { openOutput, type NewStream } from './output.ts'
import { segmentFormat } from './render.ts'
import { isOfSound, isPlayable, isUsable, soundFormat, soundStart } from './sound.ts'

export interface JoinOptions {
  /** Files that `render` wrote, in order. */
  segments: string[]
  /** File that `sound` wrote. */
  sound?: string
  facts: ClipFacts
  out: string
}

/**
 * Puts rendered segments one behind the other, without encoding them again, and adds the clip's sound in step with them:
 * an MP4 whose index comes first, as long as the clip. Answers whether there is sound in it: where that can be neither
 * kept nor decoded, the pictures go on without.
 */
export const join = async (options: JoinOptions) => {
  try {
    return await write(options)
  } catch (error) {
    if (options.sound === undefined || !isOfSound(error)) throw error
    return write({ ...options, sound: undefined })
  }
}

const write = async ({ segments, sound, facts, out }: JoinOptions) => {
  const { start, end, timeBase } = facts.video
  await using first = await openOwn(segments[0], segmentFormat)
  const video = first.streams[0]
  const videoTimeBase = video.timeBase
  const header = Buffer.from(video.codecpar.extradata!)
  const duration = Math.round((seconds(end - start, timeBase) * videoTimeBase.den) / videoTimeBase.num)
  await using track = sound === undefined ? undefined : await openTrack(sound, seconds(start, timeBase))
  let sounding = await track?.packets.next()
  const soundsBefore = (time: number) =>
    sounding && !sounding.done && seconds(Number(sounding.value.pts), track!.stream.timeBase) < time
  const sounds = soundsBefore(seconds(duration, videoTimeBase)) === true

  await using output = await openOutput(
    out,
    'mp4',
    [{ copied: video.codecpar, timeBase: videoTimeBase }, ...(sounds ? [track!.stream] : [])],
    { movflags: '+faststart', video_track_timescale: String(videoTimeBase.den) }
  )
  const [videoOut, soundOut] = output.streams as [Stream, Stream | undefined]

  // sound first up to each picture: the muxer then has nothing to hold back
  const writeSoundUntil = async (time: number) => {
    while (soundsBefore(time)) {
      const packet = sounding!.value as Packet
      packet.rescaleTs(track!.stream.timeBase, soundOut!.timeBase)
      await output.write(packet, 1)
      sounding = await track!.packets.next()
    }
  }
  for await (const packet of segmentPackets(segments, header, duration)) {
    await writeSoundUntil(seconds(Number(packet.pts), videoTimeBase))
    packet.rescaleTs(videoTimeBase, videoOut.timeBase)
    await output.write(packet, 0)
  }
  await writeSoundUntil(seconds(duration, videoTimeBase))
  await output.end()
  return sounds
}

/** The packets of all segments, whose parameter sets are `header`; each lasts until the next, the last until `end`. */
const segmentPackets = async function* (segments: string[], header: Buffer, end: number) {
  using waiting = newPacket()
  let begun = false
  for (const segment of segments) {
    await using input = await openOwn(segment, segmentFormat)
    const stream = input.streams[0]
    if (!stream.codecpar.extradata?.equals(header))
      throw new Error(`${segment} was encoded otherwise than the first segment`)
    for await (const packet of packetsOf(input, stream)) {
      if (begun) {
        if (packet.pts <= waiting.pts) throw new Error(`${segment} does not follow on the segment before`)
        waiting.duration = packet.pts - waiting.pts
        yield waiting
        waiting.unref()
      }
      ok(waiting.ref(packet), 'keep packet')
      waiting.dts = waiting.pts
      begun = true
    }
  }
  if (!begun) return
  waiting.duration = BigInt(Math.max(1, end - Number(waiting.pts)))
  yield waiting
}

interface Sound {
  input: FormatContext
  stream: Stream
  /** One tick a sample of the result. */
  timeBase: Rational
  /** Time stamp of the file's beginning. */
  first: bigint
}

interface Track extends AsyncDisposable {
  stream: NewStream
  packets: AsyncGenerator<Packet, void>
}

/**
 * A file of sound as a stream of an MP4: its packets, in the stream's time base, count from `videoStart` (seconds).
 * Undefined where the sound can be neither kept nor decoded.
 */
const openTrack = async (file: string, videoStart: number) =>
  orFree(await openOwn(file, soundFormat), async (input): Promise<Track | undefined> => {
    const stream = input.streams[0]
    if (!(await isUsable(stream))) {
      await input[Symbol.asyncDispose]()
      return undefined
    }
    const encoder = isPlayable(stream)
      ? undefined
      : await openSoundEncoder(stream.codecpar.channelLayout.nbChannels)
    const timeBase = new Rational(1, encoder ? encodedRate : stream.codecpar.sampleRate)
    const offset = Number(input.metadata!.get(soundStart)) - videoStart
    const sound: Sound = { input, stream, timeBase, first: BigInt(Math.round(offset * timeBase.den)) }
    const packets = encoder ? encoded(sound, encoder) : copied(sound)
    return {
      stream: encoder ? { encoder, timeBase } : { copied: stream.codecpar, timeBase },
      packets,
      [Symbol.asyncDispose]: async () => {
        await packets.return()
        encoder?.freeContext()
        await input[Symbol.asyncDispose]()
      }
    }
  })

const encodedRate = 48000

const openSoundEncoder = (channels: number) =>
  openEncoder(Codec.findEncoderByName(FF_ENCODER_AAC)!, { b: '160k' }, context => {
    context.sampleRate = encodedRate
    context.sampleFormat = AV_SAMPLE_FMT_FLTP
    context.channelLayout = avChannelLayoutDefault(Math.min(2, channels))
    context.timeBase = new Rational(1, encodedRate)
  })

/**
 * Packets as they are, their time stamps cleared of the rounding to milliseconds in the sound's file; without those that
 * damage has put behind their time, which no container takes.
 */
const copied = async function* ({ input, stream, timeBase, first }: Sound) {
  const last = { value: AV_NOPTS_VALUE }
  let written = -Infinity
  for await (const packet of packetsOf(input, stream)) {
    const samples = avGetAudioFrameDuration2(stream.codecpar, packet.size)
    packet.pts = first + avRescaleDelta(stream.timeBase, packet.pts, timeBase, samples, last, timeBase)
    packet.dts = packet.pts
    packet.duration = BigInt(samples)
    if (Number(packet.pts) <= written) continue
    written = Number(packet.pts)
    yield packet
  }
}

/** The sound decoded and encoded as AAC. */
const encoded = async function* ({ input, stream, first }: Sound, encoder: CodecContext) {
  using decoder = (await openDecoder(stream))!
  using frame = newFrame()
  using packet = newPacket()
  const ready: Packet[] = []
  const keep = (p: Packet) => {
    const kept = p.clone()!
    kept.pts += first
    kept.dts = kept.pts
    ready.push(kept)
  }
  let filters: (Filters & Disposable) | undefined
  const use = async (decoded: Frame) => {
    filters ??= openFilters(describeSound(decoded, stream.timeBase), filtersFor(encoder), 'a')
    await filters(decoded, filtered => encode(encoder, filtered, packet, keep))
  }
  const drain = function* () {
    while (ready.length) {
      using kept = ready.shift()!
      yield kept
    }
  }
  try {
    for await (const read of packetsOf(input, stream)) {
      await decode(decoder, read, frame, use)
      yield* drain()
    }
    await decode(decoder, undefined, frame, use)
    await filters?.(undefined, filtered => encode(encoder, filtered, packet, keep))
    await encode(encoder, undefined, packet, keep)
    yield* drain()
  } finally {
    filters?.[Symbol.dispose]()
    for (const kept of ready) kept.free()
  }
}

const describeSound = (
  { format, sampleRate, channelLayout: { mask, nbChannels } }: Frame,
  { num, den }: Rational
) =>
  [
    `time_base=${num}/${den}`,
    `sample_rate=${sampleRate}`,
    `sample_fmt=${avGetSampleFmtName(format as AVSampleFormat) ?? ''}`,
    `channel_layout=${mask === 0n ? `${nbChannels}c` : mask}`
  ].join(':')

/** Gaps become silence, frames get the encoder's length, time stamps count samples. */
const filtersFor = (encoder: CodecContext) =>
  [
    `aresample=${encodedRate}:async=1`,
    `aformat=sample_fmts=fltp:channel_layouts=${encoder.channelLayout.nbChannels === 1 ? 'mono' : 'stereo'}`,
    `asetnsamples=${encoder.frameSize}:p=0`,
    `asettb=1/${encodedRate}`
  ].join(',')
