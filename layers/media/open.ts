import { open } from 'node:fs/promises'
import path from 'node:path'
import {
  AV_CODEC_FLAG_OUTPUT_CORRUPT,
  AV_DISPOSITION_ATTACHED_PIC,
  AVDISCARD_ALL,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  Codec,
  CodecContext,
  Dictionary,
  FF_THREAD_FRAME,
  FormatContext,
  InputFormat,
  type Stream
} from 'node-av'
import { Fault } from '../../events/faults.ts'
import { ok, orFree, readable, Unreadable } from './ffmpeg.ts'
import { sniff } from './sniff.ts'
import { threads } from './threads.ts'

/** The decoders that a clip can make us run: common codecs only, so that little of FFmpeg meets foreign bytes. */
const videoDecoders = [
  ...['h264', 'hevc', 'libdav1d', 'vp8', 'vp9', 'mpeg4', 'mpeg2video', 'mpeg1video', 'h263', 'flv', 'theora'],
  ...['mjpeg', 'png', 'gif', 'prores', 'dnxhd', 'dvvideo', 'ffv1', 'huffyuv', 'ffvhuff', 'utvideo', 'qtrle'],
  ...['rawvideo', 'vc1', 'wmv1', 'wmv2', 'wmv3', 'msmpeg4', 'msmpeg4v2', 'cinepak', 'svq1', 'svq3']
]
const soundDecoders = [
  ...['aac', 'mp3', 'mp3float', 'mp2', 'mp2float', 'opus', 'libopus', 'vorbis', 'libvorbis', 'flac', 'alac'],
  ...['ac3', 'eac3', 'dca', 'amrnb', 'amrwb', 'wmav1', 'wmav2', 'wmapro', 'pcm_s16le', 'pcm_s16be'],
  ...['pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_f32le', 'pcm_u8', 'pcm_s8', 'pcm_alaw', 'pcm_mulaw'],
  ...['adpcm_ms', 'adpcm_ima_wav', 'adpcm_ima_qt']
]

/** Larger pictures than this (8192 x 8192) are refused by the decoder, whatever the container said. */
const maxPixels = 8192 * 8192

export interface OpenClip extends AsyncDisposable {
  container: string
  input: FormatContext
  video: Stream
  audio: Stream | undefined
}

/**
 * Opens a clip from outside: sniffed first, one demuxer, no protocol but `file`, no playlists.
 * Throws `clip-empty`, `clip-not-video`, `clip-without-video`, `clip-unreadable`.
 */
export const openClip = async (file: string): Promise<OpenClip> => {
  const head = await readHead(file)
  if (!head.length) throw new Fault('clip-empty', { file })
  const sniffed = sniff(head)
  if ('found' in sniffed) throw new Fault('clip-not-video', { file, found: sniffed.found })

  const format = InputFormat.findInputFormat(sniffed.demuxer)!
  const input = await openFile(file, format, {
    protocol_whitelist: 'file',
    format_whitelist: format.name!,
    codec_whitelist: [...videoDecoders, ...soundDecoders].join(','),
    // time stamps of pictures where a container (AVI) has those of decoding only
    fflags: '+genpts'
  })
  const videos = input.streams.filter(
    s =>
      s.codecpar.codecType === AVMEDIA_TYPE_VIDEO &&
      !(s.disposition & AV_DISPOSITION_ATTACHED_PIC) &&
      s.codecpar.width > 0
  )
  const best = input.findBestStream(AVMEDIA_TYPE_VIDEO)
  const video = videos.find(s => s.index === best) ?? videos[0]
  if (!video) {
    await input[Symbol.asyncDispose]()
    throw new Fault('clip-without-video', { file })
  }
  const sound = input.findBestStream(AVMEDIA_TYPE_AUDIO, -1, video.index)
  const audio = input.streams.find(s => s.index === sound && s.codecpar.sampleRate > 0)
  return {
    container: format.name!.split(',')[0],
    input,
    video,
    audio,
    [Symbol.asyncDispose]: () => input[Symbol.asyncDispose]()
  }
}

/** Opens a file that an earlier call wrote. */
export const openOwn = (file: string, format: string) =>
  openFile(file, InputFormat.findInputFormat(format)!, { protocol_whitelist: 'file' })

const openFile = (file: string, format: InputFormat, options: Record<string, string>) =>
  orFree(new FormatContext(), async input => {
    input.allocContext()
    const url = `file:${path.resolve(file)}`
    readable(await input.openInput(url, format, Dictionary.fromObject(options)), 'open')
    readable(await input.findStreamInfo(), 'find streams')
    return input
  })

/** Lets the demuxer pass over everything but `stream`. */
export const selectStream = (input: FormatContext, stream: Stream) => {
  for (const other of input.streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL
}

/** A decoder that gives what can be had of damaged pictures: flawed ones too, holes filled from their neighbours. */
export const openDecoder = async (stream: Stream) => {
  const codec = Codec.findDecoder(stream.codecpar.codecId)
  const known = stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO ? videoDecoders : soundDecoders
  if (!codec || !known.includes(codec.name!)) return undefined
  return orFree(new CodecContext(), async context => {
    context.allocContext3(codec)
    ok(context.parametersToContext(stream.codecpar), 'decoder parameters')
    context.pktTimebase = stream.timeBase
    context.threadCount = threads
    // concealment of H.264 errors works with threads by frame only
    context.threadType = FF_THREAD_FRAME
    context.setFlags(AV_CODEC_FLAG_OUTPUT_CORRUPT)
    const options = Dictionary.fromObject({ max_pixels: String(maxPixels) })
    readable(await context.open2(codec, options), 'open decoder')
    return context
  })
}

export const canDecode = async (stream: Stream) => {
  using decoder = await openDecoder(stream).catch((error: unknown) => {
    if (error instanceof Unreadable) return undefined
    throw error
  })
  return decoder !== undefined
}

const readHead = async (file: string) => {
  await using handle = await open(file)
  const head = Buffer.alloc(4096)
  const { bytesRead } = await handle.read(head, 0, head.length, 0)
  return head.subarray(0, bytesRead)
}
