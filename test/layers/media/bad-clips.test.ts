import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { Fault } from '../../../events/faults.ts'
import { openMedia } from '../../../layers/media/index.ts'
import { makeClip, type ClipRecipe } from './make-clip.ts'
import { decodeAll, openWorkplace, pixels } from './workplace.ts'

const { media, at } = openWorkplace()

const refused = async (file: string) => {
  const started = performance.now()
  const fault = await media.probe(file).then(
    () => undefined,
    (error: unknown) => error as { code: string; details: object }
  )
  expect(performance.now() - started).toBeLessThan(5000)
  expect(media.alive).toBe(true)
  return fault && { code: fault.code, ...fault.details }
}
const write = (name: string, content: string | Buffer) => {
  writeFileSync(at(name), content)
  return at(name)
}

test('an empty file', async () => {
  expect(await refused(write('empty.mp4', ''))).toEqual({ code: 'clip-empty', file: at('empty.mp4') })
})

test.each([
  ['text', 'notes.mp4', 'Dear all,\nthis is no video.\n'],
  ['a ZIP archive', 'archive.mp4', Buffer.from('504b0304140000000800', 'hex')],
  ['a playlist', 'list.m3u8', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'],
  ['a playlist', 'list.mp4', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'],
  ['a playlist', 'concat.mp4', "ffconcat version 1.0\nfile '/etc/passwd'\n"],
  ['text', 'dash.mp4', '<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'],
  ['text', 'session.mp4', 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n'],
  [
    'data of an unknown kind',
    'noise.mp4',
    Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3))
  ]
])('%s in %s', async (found, name, content) => {
  expect(await refused(write(name, content))).toEqual({ code: 'clip-not-video', file: at(name), found })
})

test.each([
  ['jpeg', 'a JPEG picture'],
  ['png', 'a PNG picture'],
  ['webp', 'a WebP picture'],
  ['tiff', 'a TIFF picture']
] as const)('a still picture: %s', async (format, found) => {
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: '#456' } })
  const file = write(`picture.${format}.mp4`, await picture.toFormat(format).toBuffer())
  expect(await refused(file)).toMatchObject({ code: 'clip-not-video', found })
})

test('a playlist inside a container of its own kind: Matroska bytes first, then text', async () => {
  const file = write(
    'mixed.mkv',
    Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.from('#EXTM3U\nfile:///etc/passwd\n')])
  )
  expect(await refused(file)).toMatchObject({ code: 'clip-unreadable' })
})

test('a clip broken off before its index', async () => {
  const file = await makeClip(at('broken.mp4'))
  truncateSync(file, readFileSync(file).length >> 1)
  expect(await refused(file)).toMatchObject({ code: 'clip-unreadable', file })
})

test('sound alone', async () => {
  const clip = await makeClip(at('both.mp4'), { sound: 'aac', frames: 10 })
  await media.sound(clip, at('sound.mka'))
  expect(await refused(at('sound.mka'))).toEqual({ code: 'clip-without-video', file: at('sound.mka') })
})

test('a file that is not there', async () => {
  await expect(media.probe(at('nowhere.mp4'))).rejects.toThrow('ENOENT')
})

test('a clip broken off behind its index gives the frames that it has', async () => {
  const file = await makeClip(at('short.mp4'), { muxer: { movflags: '+faststart' }, options: { g: '5' } })
  truncateSync(file, Math.round(readFileSync(file).length * 0.7))
  const { facts, rows } = await decodeAll(media, file)
  expect(facts.video.frames).toBeGreaterThan(20)
  expect(facts.video.frames).toBeLessThan(50)
  expect(rows.length).toBe(facts.video.frames)
  expect(facts.video.frames + facts.video.missingAtEnd).toBe(50)
})

test('a damaged clip gives a picture for each frame, and tells which are repeated', async () => {
  copyFileSync('media/street.mp4', at('damaged.mp4'))
  const bytes = readFileSync(at('damaged.mp4'))
  let random = 7
  for (let i = 0; i < 400; i++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    // between the first key frame and the index at the end
    bytes[60_000 + (random % (bytes.length - 120_000))] ^= 0x55
  }
  writeFileSync(at('damaged.mp4'), bytes)
  const { facts, rows, tables, pictures } = await decodeAll(media, at('damaged.mp4'), {
    format: 'jpeg',
    target: 60
  })
  expect(facts.video.frames).toBe(120)
  expect(rows.map(r => r.index)).toEqual(Array.from({ length: 120 }, (_, i) => i))
  const repeated = tables.flatMap(t => t.repeated ?? [])
  expect(repeated.length).toBeLessThan(12)
  for (const index of repeated.filter(i => i % 60)) expect(pictures[index]).toEqual(pictures[index - 1])
  expect(await pixels(pictures[119])).toMatchObject({ width: 768, height: 576 })
})

test('packets that nothing can be made of: the frames are named', async () => {
  const file = await makeClip(at('void.mkv'), {
    container: 'matroska',
    codec: 'mjpeg',
    options: { strict: 'unofficial' }
  })
  const { facts, timeline } = await media.probe(file)
  const bytes = readFileSync(file)
  for (let at = bytes.indexOf('ffd8ff', 'hex'); at > 0; at = bytes.indexOf('ffd8ff', at, 'hex'))
    bytes.fill(0, at, at + 300)
  writeFileSync(file, bytes)
  const segment = {
    index: 0,
    firstFrame: 10,
    frames: 5,
    from: timeline.pts[10],
    until: timeline.pts[15],
    entry: timeline.pts[10]
  }
  await expect(
    media.decode(file, segment, facts, { format: 'jpeg', out: at('void.bin') })
  ).rejects.toMatchObject({
    code: 'clip-damaged',
    details: { file, firstFrame: 10, lastFrame: 14, decoded: 0 }
  })
})

describe('a clip that needs more memory than it may have', () => {
  const recipe = { width: 2560, height: 1440, frames: 20, paint: () => undefined }
  test.each<[string, ClipRecipe]>([
    ['large.mp4', recipe],
    ['av1.mp4', { ...recipe, codec: 'libsvtav1', options: { preset: '12', 'svtav1-params': 'lookahead=0' } }]
  ])('%s: a fault, never repeated frames', async (name, recipe) => {
    const file = await makeClip(at(name), recipe)
    const { facts, timeline } = await media.probe(file)
    const segment = { index: 0, firstFrame: 0, frames: 20, from: timeline.pts[0], entry: timeline.pts[0] }
    const answers: string[] = []
    for (const memoryMb of [0, 1, 12, 50, 110, 140, 170, 250]) {
      await using small = openMedia({ memoryMb })
      const options = { format: 'jpeg', out: at('large.bin') } as const
      answers.push(
        await small.decode(file, segment, facts, options).then(
          ({ repeated }) => (repeated ? 'repeated' : 'whole'),
          (error: unknown) => (error as Fault).code
        )
      )
    }
    expect(answers[0]).toBe('media-crashed')
    expect(answers.filter(answer => !['media-crashed', 'whole'].includes(answer))).toEqual([])
  })
})

test('a clip whose key frames are too far apart to enter it', async () => {
  const file = await makeClip(at('far.mp4'), { width: 32, height: 32, frames: 3700, options: { g: '10000' } })
  expect(await refused(file)).toEqual({ code: 'clip-unseekable', file, frames: 3700, limit: 3600 })
})
