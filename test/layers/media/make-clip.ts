import {
  AV_LOG_QUIET,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV420P10LE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  avChannelLayoutDefault,
  Codec,
  Dictionary,
  FormatContext,
  Log,
  Rational,
  type CodecContext,
  type FFEncoderCodec,
  type Packet
} from 'node-av'
import { encode, newFrame, newPacket, ok, openEncoder } from '../../../layers/media/ffmpeg.ts'

Log.setLevel(AV_LOG_QUIET)
process.env.SVT_LOG = '0'

export interface ClipRecipe {
  width?: number
  height?: number
  frames?: number
  timeBase?: { num: number; den: number }
  /** Time stamp of frame `index`, in `timeBase`. */
  pts?: (index: number) => number
  /** FFmpeg's name of an encoder. */
  codec?: string
  options?: Record<string, string>
  container?: string
  muxer?: Record<string, string>
  /** Clockwise turn that players must make. */
  turn?: 0 | 90 | 180 | 270
  sampleAspectRatio?: [number, number]
  /** Bits a sample. */
  depth?: 8 | 10
  /** Numbers of packets, in the order of decoding, that are left out of the file. */
  lost?: (packet: number) => boolean
  /** A tone of 440 Hz that starts and ends with the pictures. */
  sound?: string
  /** Fills the planes of frame `index`: width x height luma, then twice a quarter of that (rounded up) chroma. */
  paint?: (planes: [Buffer, Buffer, Buffer], index: number, width: number, height: number) => void
}

/** Options of H.264 with B frames before key frames that refer to what comes before these. */
export const openGop = { g: '8', 'x264-params': 'open-gop=1:bframes=3:b-adapt=0:scenecut=0:log=-1' }

/** Exact pictures whose last column and row have no partner. */
export const oddSides: ClipRecipe = { container: 'matroska', codec: 'ffv1', width: 97, height: 65, frames: 3 }

/** A gradient with `bits` white or black squares along the top that count the frame. */
const paintCounter: NonNullable<ClipRecipe['paint']> = ([luma, u, v], index, width, height) => {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) luma[y * width + x] = 60 + ((x + y + index * 2) % 128)
  u.fill(118)
  v.fill(138)
  const side = Math.floor(width / bits)
  for (let bit = 0; bit < bits; bit++)
    for (let y = 0; y < side; y++)
      luma.fill(index & (1 << bit) ? 235 : 16, y * width + bit * side, y * width + (bit + 1) * side)
}
const bits = 8

/** Reads the frame's number back from the top row of an RGB or grey picture of the same geometry. */
export const readCounter = (pixels: Uint8Array, width: number, channels: number) => {
  const side = width / bits
  return Array.from({ length: bits }, (_, bit) => {
    const at = Math.floor(side / 2) * width + Math.floor((bit + 0.5) * side)
    return pixels[at * channels] > 128 ? 1 << bit : 0
  }).reduce((sum, bit) => sum + bit, 0)
}

const turns = { 90: [0, 1, -1, 0], 180: [-1, 0, 0, -1], 270: [0, -1, 1, 0] } as const

/** ISO 14496-12 8.5.2: nine 32-bit numbers, 16.16 but for the last column's 2.30. */
const displayMatrix = (turn: 90 | 180 | 270) => {
  const [a, b, c, d] = turns[turn]
  return Buffer.from(new Int32Array([a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]).buffer)
}

/** Makes a clip: 96 x 64, 50 frames of 25 a second, H.264 in MP4, without sound, where the recipe says nothing else. */
export const makeClip = async (file: string, recipe: ClipRecipe = {}) => {
  const {
    width = 96,
    height = 64,
    frames = 50,
    timeBase = { num: 1, den: 25 },
    depth = 8,
    lost = () => false,
    paint = paintCounter
  } = recipe
  const pts = recipe.pts ?? (i => i)
  const output = new FormatContext()
  ok(output.allocOutputContext2(null, recipe.container ?? 'mp4', file), 'output')

  const video = await openEncoder(
    encoderNamed(recipe.codec ?? 'libx264'),
    {
      ...(recipe.codec ? {} : { preset: 'ultrafast', crf: '12', 'x264-params': 'log=-1' }),
      ...recipe.options
    },
    c => {
      c.width = width
      c.height = height
      c.pixelFormat = depth === 8 ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV420P10LE
      c.timeBase = new Rational(timeBase.num, timeBase.den)
      // with more, the rate control of some encoders depends on the machine's load
      c.threadCount = 1
      if (recipe.sampleAspectRatio) c.sampleAspectRatio = new Rational(...recipe.sampleAspectRatio)
    }
  )
  const sound = recipe.sound === undefined ? undefined : await soundEncoder(recipe.sound)
  const streams = [video, ...(sound ? [sound] : [])].map(encoder => {
    const stream = output.newStream()
    ok(stream.codecpar.fromContext(encoder), 'parameters')
    stream.timeBase = encoder.timeBase
    return stream
  })
  if (recipe.sampleAspectRatio) streams[0].sampleAspectRatio = new Rational(...recipe.sampleAspectRatio)
  if (recipe.turn)
    ok(streams[0].codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, displayMatrix(recipe.turn)), 'matrix')
  if (!recipe.pts) streams[0].avgFrameRate = new Rational(timeBase.den, timeBase.num)
  ok(await output.openOutput(), 'open')
  ok(await output.writeHeader(Dictionary.fromObject({ fflags: '+bitexact', ...recipe.muxer })), 'header')

  const packet = newPacket()
  const durations = new Map<bigint, bigint>()
  let packets = 0
  const write = (index: number, encoder: CodecContext) => async (p: Packet) => {
    if (index === 0 && lost(packets++)) return
    p.streamIndex = index
    // without it MP4's edit list would cut the last frame away
    if (index === 0) p.duration = durations.get(p.pts) ?? 1n
    p.rescaleTs(encoder.timeBase, streams[index].timeBase)
    ok(await output.interleavedWriteFrame(p), 'write')
  }
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2)
  const planes: [Buffer, Buffer, Buffer] = [
    Buffer.alloc(width * height),
    Buffer.alloc(chroma),
    Buffer.alloc(chroma)
  ]
  let samples = 0
  for (let i = 0; i < frames; i++) {
    paint(planes, i, width, height)
    using picture = pictureFrame(planes, width, height, depth, BigInt(pts(i)))
    durations.set(BigInt(pts(i)), BigInt(pts(i + 1) - pts(i)))
    await encode(video, picture, packet, write(0, video))
    const soundUntil = ((pts(i + 1) - pts(0)) * timeBase.num * sampleRate) / timeBase.den
    for (; sound && samples + sound.frameSize <= soundUntil; samples += sound.frameSize) {
      using tone = toneFrame(sound, samples + (pts(0) * timeBase.num * sampleRate) / timeBase.den)
      await encode(sound, tone, packet, write(1, sound))
    }
  }
  await encode(video, undefined, packet, write(0, video))
  if (sound) await encode(sound, undefined, packet, write(1, sound))
  ok(await output.writeTrailer(), 'trailer')
  await output.closeOutput()
  video.freeContext()
  sound?.freeContext()
  return file
}

const sampleRate = 48000
/** One channel: planar and packed are the same. */
const floats = [AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_FLT]

const encoderNamed = (name: string) => Codec.findEncoderByName(name as FFEncoderCodec)!

const soundEncoder = (name: string) => {
  const codec = encoderNamed(name)
  return openEncoder(codec, {}, c => {
    c.sampleRate = sampleRate
    c.sampleFormat = codec.sampleFormats!.find(f => floats.includes(f)) ?? AV_SAMPLE_FMT_S16
    c.channelLayout = avChannelLayoutDefault(1)
    c.timeBase = new Rational(1, sampleRate)
  })
}

/** A frame with memory of its own: node-av's fromVideoBuffer lends the buffer without keeping it alive. */
const pictureFrame = (planes: Buffer[], width: number, height: number, depth: 8 | 10, pts: bigint) => {
  const frame = newFrame()
  frame.format = depth === 8 ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV420P10LE
  frame.width = width
  frame.height = height
  frame.pts = pts
  ok(frame.getBuffer(), 'frame')
  for (const [p, plane] of planes.entries()) {
    const samples = p ? Math.ceil(width / 2) : width
    for (let row = 0; row * samples < plane.length; row++) {
      const line = plane.subarray(row * samples, (row + 1) * samples)
      const deep = depth === 8 ? line : Buffer.from(Uint16Array.from(line, sample => sample << 2).buffer)
      deep.copy(frame.data![p], row * frame.linesize[p])
    }
  }
  return frame
}

const toneFrame = (encoder: CodecContext, pts: number) => {
  const { frameSize, sampleFormat } = encoder
  const frame = newFrame()
  frame.format = sampleFormat
  frame.nbSamples = frameSize
  frame.sampleRate = sampleRate
  frame.channelLayout = avChannelLayoutDefault(1)
  frame.pts = BigInt(Math.round(pts))
  ok(frame.getBuffer(), 'frame')
  const tone = (_: unknown, i: number) => 0.3 * Math.sin((2 * Math.PI * 440 * (pts + i)) / sampleRate)
  const samples = floats.includes(sampleFormat)
    ? Float32Array.from({ length: frameSize }, tone)
    : Int16Array.from({ length: frameSize }, (_, i) => 32767 * tone(_, i))
  Buffer.from(samples.buffer).copy(frame.data![0])
  return frame
}
