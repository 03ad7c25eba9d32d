import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { AV_NOPTS_VALUE, AVMEDIA_TYPE_AUDIO, FormatContext } from 'node-av'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { PictureFormat, Shape } from '../../../events/clip.ts'
import { packetsOf } from '../../../layers/media/ffmpeg.ts'
import { openClip } from '../../../layers/media/open.ts'
import { openOutput } from '../../../layers/media/output.ts'
import { damaged } from '../../damage.ts'
import { makeClip, oddSides, openGop, type ClipRecipe } from './make-clip.ts'
import { decodeAll, openWorkplace, pixels } from './workplace.ts'

const { media, at } = openWorkplace()

/** Takes a clip all the way: cut, decoded, drawn upon, rendered, joined, with its sound. */
const throughAll = async (
  file: string,
  {
    shapes = [],
    target = 20,
    format = 'jpeg'
  }: { shapes?: Shape[]; target?: number; format?: PictureFormat } = {}
) => {
  const { facts, tables, files } = await decodeAll(media, file, { target, format })
  const segments: string[] = []
  for (const [i, table] of tables.entries()) {
    const out = `${file}-${i}.nut`
    const pictures = files[i]
    await media.render({ pictures, table, shapes: table.frames.map(() => shapes), facts, out })
    segments.push(out)
  }
  const sound = (await media.sound(file, `${file}.mka`)) ? `${file}.mka` : undefined
  const out = `${file}-result.mp4`
  await media.join({ segments, sound, facts, out })
  return { facts, segments, sound, out }
}

/** Time (seconds) and bytes of each packet of sound. */
const soundPackets = async (file: string) => {
  const input = new FormatContext()
  input.allocContext()
  await input.openInput(file)
  await input.findStreamInfo()
  const stream = input.streams.find(s => s.codecpar.codecType === AVMEDIA_TYPE_AUDIO)!
  const packets: { time: number; data: string }[] = []
  for await (const { pts, data } of packetsOf(input, stream))
    if (pts !== AV_NOPTS_VALUE)
      packets.push({
        time: (Number(pts) * stream.timeBase.num) / stream.timeBase.den,
        data: data!.toString('hex')
      })
  await input.closeInput()
  return packets
}

/** Names of an MP4's boxes (ISO 14496-12, 4.2) in order. */
const boxes = (file: string) => {
  const bytes = readFileSync(file)
  const names: string[] = []
  for (let offset = 0; offset < bytes.length; offset += bytes.readUInt32BE(offset))
    names.push(bytes.toString('latin1', offset + 4, offset + 8))
  return names
}

const clips: Record<string, ClipRecipe> = {
  'even.mp4': { sound: 'aac' },
  'uneven.mp4': {
    sound: 'aac',
    timeBase: { num: 1, den: 1000 },
    pts: i => i * 40 + (i % 3) * 7,
    options: { g: '9' }
  },
  'open.ts': { sound: 'aac', container: 'mpegts', options: openGop, pts: i => i + 100 },
  'late.mkv': { sound: 'libopus', container: 'matroska', options: openGop, pts: i => i + 25 },
  'ntsc.mp4': { sound: 'libmp3lame', timeBase: { num: 1001, den: 30000 }, options: { g: '9' } },
  'turned.mp4': { turn: 90, options: { g: '9' } }
}

test.each(Object.entries(clips))(
  '%s: a browser plays the result, each frame and the sound at its time',
  async (name, recipe) => {
    const file = await makeClip(at(name), recipe)
    const { facts, out, segments } = await throughAll(file)
    const result = await media.probe(out)
    expect(segments.length).toBeGreaterThan(1)

    expect(boxes(out).filter(box => box === 'moov' || box === 'mdat')).toEqual(['moov', 'mdat'])
    expect(result.facts.video).toMatchObject({
      codec: 'h264',
      width: facts.video.width,
      height: facts.video.height,
      rotation: 0,
      frames: facts.video.frames,
      start: 0
    })
    const inSeconds = (pts: Iterable<number>, { start, timeBase }: typeof facts.video) =>
      Array.from(pts, t => ((t - start) * timeBase.num) / timeBase.den)
    const { timeline } = await media.probe(file)
    const [before, after] = [
      inSeconds(timeline.pts, facts.video),
      inSeconds(result.timeline.pts, result.facts.video)
    ]
    expect(after.findIndex((t, i) => Math.abs(t - before[i]) > 1e-9)).toBe(-1)
    const [length] = inSeconds([result.facts.video.end], result.facts.video)
    expect(length).toBeCloseTo(inSeconds([facts.video.end], facts.video)[0], 6)

    if (!recipe.sound) return
    const offset = (facts.video.start * facts.video.timeBase.num) / facts.video.timeBase.den
    const [source, copied] = [await soundPackets(file), await soundPackets(out)]
    const wanted = source.filter(p => p.time - offset < length - 1e-3)
    // of Opus, the packet in which the edit list ends is not given
    expect(wanted.length - copied.length).toBeLessThanOrEqual(recipe.sound === 'libopus' ? 1 : 0)
    expect(copied.length).toBeGreaterThan(10)
    if (recipe.container !== 'mpegts')
      expect(copied.map(p => p.data)).toEqual(wanted.slice(0, copied.length).map(p => p.data))
    // transport streams and Matroska round times
    expect(copied.findIndex((p, i) => Math.abs(p.time - (wanted[i].time - offset)) > 1.1e-3)).toBe(-1)
  }
)

test('sound that browsers do not play becomes AAC and stays in step', async () => {
  const file = await makeClip(at('pcm.mkv'), { container: 'matroska', sound: 'flac' })
  const vorbis = await makeClip(at('vorbis.mkv'), { container: 'matroska', sound: 'libvorbis' })
  expect((await media.probe((await throughAll(file)).out)).facts.audio?.codec).toBe('flac')
  const { out } = await throughAll(vorbis)
  expect((await media.probe(out)).facts.audio).toEqual({ codec: 'aac', channels: 1, sampleRate: 48000 })
  const packets = await soundPackets(out)
  expect(packets[0].time).toBeLessThanOrEqual(0)
  expect(packets[0].time).toBeGreaterThan(-0.05)
  expect(packets.at(-1)!.time).toBeCloseTo(2, 1)
})

/** The clip's sound as `sound` would copy it if it looked at no codec. */
const soundAlone = async (file: string, out: string) => {
  await using clip = await openClip(file)
  const { timeBase, codecpar } = clip.audio!
  await using output = await openOutput(out, 'matroska', [{ copied: codecpar, timeBase }])
  for await (const packet of packetsOf(clip.input, clip.audio!)) await output.write(packet, 0)
  await output.end()
  return out
}

test.each(['wavpack', 'tta'])('sound that is not decoded (%s) is left out', async codec => {
  const file = await makeClip(at(`${codec}.mkv`), { container: 'matroska', sound: codec })
  expect(await media.sound(file, at('none.mka'))).toBe(false)
  expect(existsSync(at('none.mka'))).toBe(false)
  const { facts, out, segments } = await throughAll(file)
  expect((await media.probe(out)).facts).toMatchObject({ video: { frames: 50 } })
  expect((await media.probe(out)).facts.audio).toBeUndefined()

  const sound = await soundAlone(file, at(`${codec}.mka`))
  expect(await media.join({ segments, sound, facts, out })).toBe(false)
  expect((await media.probe(out)).facts.audio).toBeUndefined()
})

test('of damaged sound comes what can be had of it, and whether there is any is told', async () => {
  const file = await makeClip(at('opus.mkv'), { container: 'matroska', sound: 'libopus' })
  const { facts, out, segments, sound } = await throughAll(file)
  const bytes = readFileSync(sound!)
  // the file is ours up to its first cluster, what is in it was the clip's
  const head = bytes.subarray(0, bytes.indexOf('1f43b675', 'hex'))
  const packets = bytes.subarray(head.length)
  for (let seed = 0; seed < 40; seed++) {
    writeFileSync(sound!, Buffer.concat([head, damaged(packets, packets, seed)]))
    const joined = await media
      .join({ segments, sound, facts, out })
      .catch((error: unknown) => (error as Error).message)
    const result = await media.probe(out)
    expect(result.facts.video.frames).toBe(50)
    expect(joined, `seed ${seed}`).toBe(result.facts.audio !== undefined)
  }
})

test('a clip without sound has none to copy', async () => {
  const file = await makeClip(at('silent.mp4'), { frames: 3 })
  expect(await media.sound(file, at('silent.mka'))).toBe(false)
})

test('shapes stand where they are in the source, in their colours', async () => {
  const file = await makeClip(at('shapes.mp4'), { frames: 3, width: 320, height: 240 })
  const shapes: Shape[] = [{ kind: 'box', x: 60, y: 80, width: 120, height: 100, colour: [250, 30, 30] }]
  const { out } = await throughAll(file, { shapes })
  const { pictures } = await decodeAll(media, out)
  const { data, width } = await pixels(pictures[1])
  const rgb = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
  for (const [x, y] of [
    [61, 130],
    [120, 81],
    [178, 130],
    [120, 178]
  ] as const) {
    const [r, g, b] = rgb(x, y)
    expect(r, `${x},${y}`).toBeGreaterThan(200)
    expect(g + b, `${x},${y}`).toBeLessThan(150)
  }
  expect(rgb(56, 130)[0] - rgb(56, 130)[1]).toBeLessThan(60)
})

test('a still is a JPEG with shapes on it', async () => {
  const file = await makeClip(at('still.mp4'), { frames: 1, width: 320, height: 240 })
  const { facts, tables, pictures } = await decodeAll(media, file, { format: 'jpeg' })
  await media.still({
    picture: pictures[0],
    table: tables[0],
    facts,
    shapes: [{ kind: 'box', x: 60, y: 80, width: 120, height: 100, colour: [30, 250, 30], label: 'one' }],
    out: at('still.jpg')
  })
  expect(await sharp(at('still.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 })
  const { data, width } = await pixels(readFileSync(at('still.jpg')))
  const [r, g] = data.subarray((130 * width + 61) * 3)
  expect(g - r).toBeGreaterThan(150)
})

test('pictures with odd sides lose their last column and row in a video', async () => {
  const file = await makeClip(at('odd.mkv'), oddSides)
  for (const format of ['jpeg', 'png'] as const) {
    const { out } = await throughAll(file, { format })
    expect((await media.probe(out)).facts.video).toMatchObject({ width: 96, height: 64, frames: 3 })
  }
})

test('segments of different clips are not joined', async () => {
  const [one, two] = [
    await throughAll(await makeClip(at('one.mp4'), { frames: 4 })),
    await throughAll(await makeClip(at('two.mp4'), { frames: 4, width: 128 }))
  ]
  const { facts, segments } = one
  const join = (files: string[]) => media.join({ segments: files, facts, out: at('bad.mp4') })
  await expect(join([...segments, ...two.segments])).rejects.toThrow('encoded otherwise')
  await expect(join([...segments, ...segments])).rejects.toThrow('does not follow')
})

test('the street clip: a result that is not much larger than its source', async () => {
  copyFileSync('media/street.mp4', at('street.mp4'))
  const { out } = await throughAll(at('street.mp4'), { target: 60 })
  expect(statSync(out).size).toBeLessThan(1.5 * statSync('media/street.mp4').size)
})
