import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import type { FaultCode } from '../../events/faults.ts'
import { packetsOf } from '../../layers/media/ffmpeg.ts'
import { openClip } from '../../layers/media/open.ts'
import { openOutput } from '../../layers/media/output.ts'
import { makeClip, openGop, type ClipRecipe } from '../layers/media/make-clip.ts'
import { readFootage } from './footage.ts'
import { loopClip } from '../../bench/loop.ts'
import {
  cutAviWithin,
  cutMatroskaWithin,
  cutMp4Within,
  cutOff,
  cutStreamBefore,
  edit,
  spoil
} from './patch.ts'

/** What must come of a clip that can be read. */
export interface Outcome {
  /** Times of the frames that are shown, in `timeBase`. */
  pts: number[]
  timeBase: { num: number; den: number }
  /** Upright, with square pixels. */
  width: number
  height: number
  rotation: 0 | 90 | 180 | 270
  /** Whether the result sounds. */
  sound: boolean
  /** Frames that the container's index names and the file lacks. */
  missingAtEnd: number
  /** Whether some frames have to show a neighbour's picture. */
  damaged: boolean
}

interface CorpusClip {
  make: (file: string) => Promise<unknown>
  outcome: Outcome | { fault: FaultCode }
}

const size = { width: 128, height: 96 }
const frames = 50
const paint = await readFootage(size.width, size.height, frames)
const upTo = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i)

type Change = (file: string) => void

/** A clip by recipe, then changed; of it must come what the recipe says, but for what `outcome` says. */
const video = (recipe: ClipRecipe, outcome: Partial<Outcome> = {}, change?: Change): CorpusClip => {
  const whole = { ...size, frames, paint, timeBase: { num: 1, den: 25 }, ...recipe }
  const { pts = (i: number) => i, turn = 0, sampleAspectRatio: [num, den] = [1, 1] } = recipe
  const wide = { width: Math.round((whole.width * num) / den), height: whole.height }
  const upright = turn % 180 ? { width: wide.height, height: wide.width } : wide
  return {
    make: async file => {
      await makeClip(file, whole)
      change?.(file)
    },
    outcome: {
      pts: upTo(0, whole.frames).map(pts),
      timeBase: whole.timeBase,
      ...upright,
      rotation: turn,
      sound: recipe.sound !== undefined,
      missingAtEnd: 0,
      damaged: false,
      ...outcome
    }
  }
}

const refused = (fault: FaultCode, make: CorpusClip['make']): CorpusClip => ({ make, outcome: { fault } })
const text = (content: string) => (file: string) => Promise.resolve(writeFileSync(file, content))
const still = (format: 'jpeg' | 'png') => async (file: string) => {
  const luma = Buffer.alloc(size.width * size.height)
  const chroma = Buffer.alloc(luma.length / 4)
  paint([luma, chroma, Buffer.from(chroma)], 0, size.width, size.height)
  await sharp(luma, { raw: { ...size, channels: 1 } })
    .toFormat(format)
    .toFile(file)
}
const soundOnly = async (file: string) => {
  const both = `${file}.part`
  await makeClip(both, { frames, sound: 'aac' })
  await using clip = await openClip(both)
  const { codecpar, timeBase } = clip.audio!
  await using output = await openOutput(file, 'mp4', [{ copied: codecpar, timeBase }])
  for await (const packet of packetsOf(clip.input, clip.audio!)) await output.write(packet, 0)
  await output.end()
  rmSync(both)
}
const filmForAnHour = async (file: string) => {
  const second = `${file}.part`
  await makeClip(second, { ...tiny, timeBase: film, frames: 24, paint: () => undefined })
  await loopClip(second, 3600, file)
  rmSync(second)
}

const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'
const tiny = { width: 16, height: 16 }
const film = { num: 1001, den: 24000 }
const milliseconds = { num: 1, den: 1000 }
const uneven = (i: number) => i * 40 + (i % 3) * 7
const leap = (i: number) => i + (i < 20 ? 0 : 250)
const indexFirst = { movflags: '+faststart' }
/** Ticks of a frame in the time scale that the muxer chooses for 25 frames a second. */
const ticks = 512

/** Awkward and damaged clips by the name of their file, which says what is the matter with them. */
export const corpus: Record<string, CorpusClip> = {
  'plain.mp4': video({ sound: 'aac' }),
  'no-sound.mp4': video({}),
  'sound-in-pieces.mkv': video({ container: 'matroska', sound: 'libopus' }),
  'sound-of-another-codec.mkv': video({ container: 'matroska', sound: 'libvorbis' }),
  'sound-unknown.mkv': video({ container: 'matroska', sound: 'tta' }, { sound: false }),
  'one-frame.mp4': video({ frames: 1 }),
  'variable-frame-rate.mp4': video({ timeBase: milliseconds, pts: uneven, sound: 'aac' }),
  'variable-frame-rate.mkv': video({ container: 'matroska', timeBase: milliseconds, pts: uneven }),
  'gap-in-time.mp4': video({ pts: leap, sound: 'aac' }),
  'gap-in-time.mkv': video({ container: 'matroska', pts: leap }),
  'gap-in-time.ts': video({ container: 'mpegts', pts: leap }),
  'starts-late.mp4': video({ pts: i => i + 30, sound: 'aac' }),
  'rotated-90.mp4': video({ turn: 90, sound: 'aac' }),
  'rotated-180.mp4': video({ turn: 180 }),
  'rotated-270.mov': video({ turn: 270, container: 'mov' }),
  'odd-size.webm': video({
    ...{ container: 'webm', codec: 'libvpx-vp9', width: 97, height: 65 },
    ...{ paint: await readFootage(97, 65, frames), options: { 'cpu-used': '8', deadline: 'realtime' } }
  }),
  'pixels-not-square.mp4': video({ sampleAspectRatio: [4, 3] }),
  'edit-list-at-start.mp4': video({}, { pts: upTo(0, 40) }, edit(10, 40, ticks, 25)),
  'edit-list-at-both-ends.mp4': video({}, { pts: upTo(0, 30) }, edit(10, 30, ticks, 25)),
  'b-frames.mp4': video({ options: openGop }),
  'b-frames.ts': video({ container: 'mpegts', options: openGop, sound: 'aac' }),
  'ten-bit-hevc.mp4': video({
    ...{ codec: 'libx265', depth: 10 },
    options: { 'x265-params': 'log-level=none', preset: 'ultrafast' }
  }),
  'ten-bit-h264.mkv': video({
    ...{ container: 'matroska', codec: 'libx264', depth: 10 },
    options: { preset: 'ultrafast', 'x264-params': 'log=-1' }
  }),
  'hevc.mp4': video({
    codec: 'libx265',
    options: { 'x265-params': 'keyint=8:open-gop=1:bframes=3:log-level=none', preset: 'ultrafast' }
  }),
  'vp9.webm': video({
    ...{ container: 'webm', codec: 'libvpx-vp9', sound: 'libopus' },
    options: { g: '20', 'cpu-used': '8', deadline: 'realtime' }
  }),
  'av1.mp4': video({
    codec: 'libsvtav1',
    options: { preset: '12', g: '16', 'svtav1-params': 'lookahead=0' }
  }),
  'mpeg-4-part-2.avi': video({
    ...{ container: 'avi', codec: 'mpeg4', sound: 'libmp3lame' },
    options: { bf: '2', g: '12', qscale: '3' }
  }),
  'mpeg-2.mpg': video({
    ...{ container: 'mpeg', codec: 'mpeg2video', sound: 'mp2' },
    options: { bf: '2', g: '12', qscale: '3' }
  }),
  'flash.flv': video({ container: 'flv', codec: 'flv', sound: 'aac', options: { g: '12', qscale: '3' } }),
  'theora.ogv': video({ container: 'ogg', codec: 'libtheora', sound: 'libvorbis', options: { g: '12' } }),
  'windows-media.wmv': video({
    ...{ container: 'asf', codec: 'wmv2', sound: 'wmav2' },
    options: { g: '12', qscale: '3' }
  }),
  'first-key-frame-late.ts': video(
    { container: 'mpegts', options: { g: '12' }, lost: packet => packet < 5 },
    { pts: upTo(12, frames) }
  ),
  'first-key-frame-late.mkv': video(
    { container: 'matroska', options: { g: '12' }, lost: packet => packet < 5 },
    { pts: upTo(12, frames) }
  ),
  'packets-lost.mkv': video(
    { container: 'matroska', options: { g: '12' }, lost: packet => packet === 20 || packet === 21 },
    { pts: upTo(0, frames).filter(i => i !== 20 && i !== 21) }
  ),
  'cut-off-behind-index.mp4': video(
    { muxer: indexFirst, options: { g: '5' } },
    { pts: upTo(0, 31), missingAtEnd: 19, damaged: true },
    cutMp4Within(30)
  ),
  'cut-off.mkv': video(
    { container: 'matroska', muxer: { cluster_time_limit: '1' } },
    { pts: upTo(0, 30), missingAtEnd: 20 },
    cutMatroskaWithin(30)
  ),
  'cut-off.avi': video(
    { container: 'avi', codec: 'mjpeg', options: { strict: 'unofficial' } },
    { pts: upTo(0, 31), missingAtEnd: 19, damaged: true },
    cutAviWithin(30)
  ),
  'cut-off.ts': video({ container: 'mpegts' }, { pts: upTo(0, 30) }, cutStreamBefore(30)),
  'cut-off-before-index.mp4': { ...video({}, {}, cutOff(0.7)), outcome: { fault: 'clip-unreadable' } },
  'damaged-in-the-middle.mp4': video({ options: { g: '12' } }, { damaged: true }, spoil(0.4, 0.43)),
  'wrong-suffix-of-mp4.avi': video({ container: 'mp4', sound: 'aac' }),
  'wrong-suffix-of-matroska.mp4': video({ container: 'matroska' }),
  'film-for-an-hour.mp4': {
    ...video({ ...tiny, timeBase: film }, { pts: upTo(0, 24 * Math.ceil(3600 / 1.001)) }),
    make: filmForAnHour
  },
  'empty.mp4': refused('clip-empty', text('')),
  'text.mp4': refused('clip-not-video', text('Dear all,\nthis is no video.\n')),
  'playlist.m3u8': refused('clip-not-video', text(playlist)),
  'playlist.mp4': refused('clip-not-video', text(playlist)),
  'concat-list.mp4': refused('clip-not-video', text("ffconcat version 1.0\nfile '/etc/passwd'\n")),
  'picture.jpg': refused('clip-not-video', still('jpeg')),
  'picture.mp4': refused('clip-not-video', still('png')),
  'sound-only.m4a': refused('clip-without-video', soundOnly)
}

/** Makes all clips of the corpus in `folder`. */
const makeCorpus = async (folder: string) => {
  mkdirSync(folder, { recursive: true })
  for (const [name, { make }] of Object.entries(corpus)) await make(path.join(folder, name))
}

if (import.meta.main) await makeCorpus(process.argv[2])
