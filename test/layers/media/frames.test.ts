import { expect, test } from 'vitest'
import { describeShared, shared } from '../../shared.ts'
import { makeClip, oddSides, openGop, readCounter, type ClipRecipe } from './make-clip.ts'
import { decodeAll, openWorkplace, pixels } from './workplace.ts'

const { media, at } = openWorkplace()

/** Frames 7 apart, then 13, then 7: nothing even about it. */
const uneven = (i: number) => i * 10 + (i % 2 ? 3 : 0)

const clips: Record<string, ClipRecipe & { file: string }> = {
  'one frame': { file: 'one.mp4', frames: 1 },
  'frames at uneven times': {
    file: 'vfr.mp4',
    timeBase: { num: 1, den: 1000 },
    pts: uneven,
    options: { g: '10' }
  },
  'B frames across open groups of pictures': { file: 'open.mp4', options: openGop },
  'the same in Matroska, in milliseconds': {
    file: 'open.mkv',
    container: 'matroska',
    options: openGop,
    pts: i => i + 3
  },
  'the same in a transport stream, starting late': {
    file: 'open.ts',
    container: 'mpegts',
    options: openGop,
    pts: i => i + 100
  },
  'a single key frame': { file: 'single.mp4', options: { g: '1000', bf: '2' } },
  'HEVC with leading pictures': {
    file: 'hevc.mp4',
    codec: 'libx265',
    options: { 'x265-params': 'keyint=8:open-gop=1:bframes=3:log-level=none', preset: 'ultrafast', crf: '10' }
  },
  'VP8 with hidden pictures': {
    file: 'vp8.webm',
    container: 'webm',
    codec: 'libvpx',
    options: {
      'auto-alt-ref': '1',
      'lag-in-frames': '16',
      g: '20',
      b: '800k',
      deadline: 'good',
      'cpu-used': '4'
    }
  },
  VP9: {
    file: 'vp9.webm',
    container: 'webm',
    codec: 'libvpx-vp9',
    options: { g: '20', 'cpu-used': '8', deadline: 'realtime', crf: '10', b: '0' }
  },
  AV1: {
    file: 'av1.mp4',
    codec: 'libsvtav1',
    options: { preset: '12', crf: '20', g: '16', 'svtav1-params': 'lookahead=0' }
  },
  'MPEG-4 with B frames in AVI, which has no time stamps of showing': {
    file: 'mpeg4.avi',
    container: 'avi',
    codec: 'mpeg4',
    options: { bf: '2', g: '12', qscale: '2', b: '2000k' }
  },
  'motion JPEG in AVI': {
    file: 'mjpeg.avi',
    container: 'avi',
    codec: 'mjpeg',
    options: { strict: 'unofficial', b: '4000k' }
  },
  'MPEG-2 in a program stream': {
    file: 'mpeg2.mpg',
    container: 'mpeg',
    codec: 'mpeg2video',
    options: { bf: '2', g: '12', b: '4000k' }
  }
}

test.each(Object.entries(clips))(
  '%s: each frame once, at its time, however the clip is cut',
  async (_, { file, ...recipe }) => {
    await makeClip(at(file), recipe)
    const frames = recipe.frames ?? 50
    const whole = await decodeAll(media, at(file))
    expect(whole.segments.length).toBe(1)
    expect(whole.facts.video.frames).toBe(frames)
    expect(whole.rows.map(r => r.index)).toEqual(Array.from({ length: frames }, (_, i) => i))
    expect(whole.rows.map(r => r.pts)).toEqual([...whole.timeline.pts])
    expect(whole.tables[0].repeated).toBeUndefined()
    const counters = await Promise.all(
      whole.pictures.map(async p => readCounter((await pixels(p)).data, 96, 3))
    )
    expect(counters).toEqual(Array.from({ length: frames }, (_, i) => i))

    const cut = await decodeAll(media, at(file), { target: 7 })
    expect(cut.rows.map(({ index, pts }) => [index, pts])).toEqual(
      whole.rows.map(({ index, pts }) => [index, pts])
    )
    expect(cut.pictures.findIndex((p, i) => !p.equals(whole.pictures[i]))).toBe(-1)
    if (frames > 1) expect(cut.segments.length).toBeGreaterThan(3)
  }
)

test('uneven times are told, with their average', async () => {
  await makeClip(at('uneven.mp4'), { timeBase: { num: 1, den: 1000 }, pts: uneven })
  await makeClip(at('even.mkv'), { container: 'matroska', timeBase: { num: 1001, den: 30000 } })
  const { video: vfr } = (await media.probe(at('uneven.mp4'))).facts
  expect(vfr.variable).toBe(true)
  expect(vfr.frameRate).toEqual({ num: 100, den: 1 })
  expect([vfr.start, vfr.end].map(t => (t * vfr.timeBase.num) / vfr.timeBase.den)).toEqual([0, 0.5])
  const { video: cfr } = (await media.probe(at('even.mkv'))).facts
  expect(cfr.variable).toBe(false)
  expect(cfr.frameRate).toEqual({ num: 30000, den: 1001 })
})

test.each([90, 180, 270] as const)('a clip that asks for a turn by %d comes upright', async turn => {
  const file = await makeClip(at(`turn-${turn}.mp4`), {
    turn,
    frames: 2,
    // white in the corner that is at the top left before turning
    paint: ([luma, u, v], _i, width) => {
      luma.fill(40)
      u.fill(128)
      v.fill(128)
      for (let y = 0; y < 16; y++) luma.fill(235, y * width, y * width + 16)
    }
  })
  const { facts, pictures } = await decodeAll(media, file)
  expect(facts.video.rotation).toBe(turn)
  const { data, width, height } = await pixels(pictures[0])
  expect([width, height]).toEqual(turn === 180 ? [96, 64] : [64, 96])
  expect([facts.video.width, facts.video.height]).toEqual([width, height])
  const bright = (x: number, y: number) => data[(y * width + x) * 3] > 200
  const corners = [bright(4, 4), bright(width - 5, 4), bright(width - 5, height - 5), bright(4, height - 5)]
  expect(corners.indexOf(true)).toBe(turn / 90)
  expect(corners.filter(Boolean).length).toBe(1)
})

test('pixels become square, pictures are scaled down to even sides, never up', async () => {
  const file = await makeClip(at('wide.mp4'), { sampleAspectRatio: [2, 1], frames: 2 })
  const size = async (longSide?: number) => {
    const { tables, pictures } = await decodeAll(media, file, { longSide })
    const { width, height } = await pixels(pictures[1])
    expect([tables[0].width, tables[0].height]).toEqual([width, height])
    return [width, height]
  }
  expect(await size()).toEqual([192, 64])
  expect(await size(100)).toEqual([100, 34])
  expect(await size(4000)).toEqual([192, 64])
})

test('odd sides stay as they are', async () => {
  const file = await makeClip(at('odd.mkv'), oddSides)
  const { pictures, facts } = await decodeAll(media, file, { format: 'jpeg' })
  expect([facts.video.width, facts.video.height]).toEqual([97, 65])
  expect(await pixels(pictures[2])).toMatchObject({ width: 97, height: 65 })
})

test('frames that an edit list cuts away are not counted', async () => {
  // B frames and an offset make the muxer write an edit list that begins at the first frame shown
  const file = await makeClip(at('edit.mp4'), {
    options: openGop,
    pts: i => i - 10,
    muxer: { avoid_negative_ts: 'disabled' }
  })
  const { facts, rows, pictures } = await decodeAll(media, file, { target: 7 })
  expect(rows.length).toBe(facts.video.frames)
  const counters = await Promise.all(pictures.map(async p => readCounter((await pixels(p)).data, 96, 3)))
  expect(counters).toEqual(Array.from({ length: rows.length }, (_, i) => i + 50 - rows.length))
})

describeShared('real footage', () => {
  test('PETS09-S2L1: 795 frames, cut or not', async () => {
    const clip = shared('media/mot/pets09-s2l1/pets09-s2l1.mp4')
    const { facts, timeline } = await media.probe(clip)
    expect(facts.video).toMatchObject({ width: 768, height: 576, frames: 795 })
    expect(timeline.pts.length).toBe(795)
  })
})
