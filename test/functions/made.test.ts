import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { manifest } from '../../events/manifest.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { openMedia } from '../../layers/media/index.ts'
import { decodePicture } from '../../layers/inference/picture.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { openWorld, startStore, walk } from '../faults/job.ts'
import { installDoubled, installMean } from '../tasks/made.ts'

/** Grey from left to right, and as bright as its frame is late, from 60 to 60 + 4 x 11; the second half is another scene. */
const [width, height, frames] = [96, 64, 12]
const scene = (index: number) => (index < 8 ? 60 + 4 * index : 180)
const paint = ([luma, u, v]: [Buffer, Buffer, Buffer], index: number) => {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) luma[y * width + x] = scene(index) + Math.floor(x / 8)
  u.fill(128)
  v.fill(128)
}

/** Takes a clip with sound through a task, and reads back what came of it. */
const made = async (
  task: string,
  options: Record<string, unknown>,
  install: (models: string) => Promise<unknown>
) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-made-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const clip = await makeClip(path.join(folder, 'clip.mp4'), {
    width,
    height,
    frames,
    paint,
    timeBase: { num: 1, den: 25 },
    options: { g: '4', qp: '0' },
    sound: 'aac'
  })
  await install(folder)
  await using store = await startStore({ newStoreFolder: () => path.join(folder, 'store') } as never)
  using world = openWorld({ models: folder, scratch: folder }, store.endpoint)
  const { context } = world
  await context.uploads.uploadFile('clips/clip.mp4', clip, { contentType: 'video/mp4' })
  const { size, etag } = (await context.uploads.head('clips/clip.mp4'))!
  const upload = { bucket: 'uploads', key: 'clips/clip.mp4', bytes: size, etag }
  const job = makeJob(
    { clip: upload, name: 'clip.mp4', task, options },
    context.models.digest,
    context.models.find
  )
  await context.results.put(keys(job.id).job, JSON.stringify(job), { contentType: 'application/json' })
  await walk(context, job)

  const { files } = await context.results.getJson(`${job.results}manifest.json`, manifest)
  const video = path.join(folder, 'video.mp4')
  await writeFile(
    video,
    await context.results.get(job.results + files.find(file => file.name.endsWith('.mp4'))!.name)
  )
  await using media = openMedia()
  const [before, { facts, timeline }] = [await media.probe(clip), await media.probe(video)]
  const out = path.join(folder, 'out.bin')
  const segment = {
    index: 0,
    firstFrame: 0,
    frames: facts.video.frames,
    from: timeline.pts[0],
    entry: timeline.keys[0]
  }
  const table = await media.decode(video, segment, facts, { format: 'png', out })
  const bytes = await readFile(out)
  const pictures = await Promise.all(
    table.frames.map(({ offset, bytes: length }) => decodePicture(bytes.subarray(offset, offset + length)))
  )
  const duration = ({ video }: typeof facts) =>
    ((video.end - video.start) * video.timeBase.num) / video.timeBase.den
  return {
    names: files.map(({ name }) => name),
    before: before.facts,
    facts,
    pictures,
    duration,
    pts: [...timeline.pts]
  }
}

/** Grey of luma in limited range, as RGB has it. */
const grey = (luma: number) => ((luma - 16) * 255) / 219
const at = (picture: { data: Uint8Array; width: number }, x: number, y: number) =>
  picture.data[3 * (y * picture.width + x)]

describe('a video that is the result', () => {
  it('interpolate: twice the frames, in step with the sound, without a ghost at a cut', async () => {
    const { names, before, facts, pictures, duration, pts } = await made(
      'interpolate',
      { factor: 2 },
      installMean
    )
    expect(names).toEqual(['interpolated.json', 'interpolated.mp4', 'picture.jpg'])
    expect(facts.video).toMatchObject({
      width,
      height,
      codec: 'h264',
      frames: 2 * frames - 1,
      colour: before.video.colour
    })
    expect(facts.audio).toMatchObject({ codec: 'aac' })
    expect(Math.abs(duration(facts) - duration(before))).toBeLessThan(1 / 25)
    const step = pts[1] - pts[0]
    expect(pts).toEqual(pts.map((_, i) => pts[0] + i * step))
    // Between two frames the mean, across the cut the one before; each within a level.
    for (const [i, picture] of pictures.entries()) {
      const [a, b] = [scene(i >> 1), scene((i + 1) >> 1)]
      const luma = Math.abs(a - b) > 20 ? a : (a + b) / 2
      for (const x of [4, 44, 92])
        expect(Math.abs(at(picture, x, 30) - grey(luma + Math.floor(x / 8)))).toBeLessThan(2)
    }
  })

  it('interpolate: an even rate', async () => {
    const { facts, duration, before, pts } = await made('interpolate', { rate: '60' }, installMean)
    const seconds = (step: number) => (step * facts.video.timeBase.num) / facts.video.timeBase.den
    expect(pts.slice(1).every((value, i) => seconds(value - pts[i]) === 1 / 60)).toBe(true)
    expect(pts).toHaveLength(Math.ceil((frames / 25) * 60))
    expect(Math.abs(duration(facts) - duration(before))).toBeLessThan(1 / 60)
  })

  it('upscale: twice the size, the same grey and times', async () => {
    const { names, before, facts, pictures, duration } = await made(
      'upscale',
      { model: 'mine' },
      installDoubled
    )
    expect(names).toEqual(['upscaled.json', 'upscaled.mp4', 'picture.jpg'])
    expect(facts.video).toMatchObject({
      width: 2 * width,
      height: 2 * height,
      frames,
      colour: before.video.colour
    })
    expect(facts.audio).toMatchObject({ codec: 'aac' })
    expect(duration(facts)).toBeCloseTo(duration(before), 2)
    for (const [i, picture] of pictures.entries())
      for (const x of [8, 88, 184])
        expect(Math.abs(at(picture, x, 60) - grey(scene(i) + Math.floor(x / 16)))).toBeLessThan(2)
  })
})
