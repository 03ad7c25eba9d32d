import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { decode } from '../../functions/decode/index.ts'
import { infer } from '../../functions/infer/index.ts'
import { intake } from '../../functions/intake/index.ts'
import { plan } from '../../functions/plan/index.ts'
import { render } from '../../functions/render/index.ts'
import type { Context } from '../../functions/shared/context.ts'
import { keys } from '../../functions/shared/keys.ts'
import { readSegment } from '../../functions/shared/segments.ts'
import { store } from '../../functions/store/index.ts'
import { openMedia, planSegments } from '../../layers/media/index.ts'
import { runJob } from '../../local/runner.ts'
import { makeWorld } from '../functions/world.ts'
import { corpus, type Outcome } from './make.ts'
import { probeIndependently } from './probe.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-corpus-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Instead of a detector: one person on each frame. */
const detect = async (context: Context, { job, segment }: { job: string; segment: number }) => {
  const { firstFrame, frames } = await readSegment(context, job, segment)
  const objects = [{ box: [10, 10, 20, 50], score: 0.9, class: 'person' }]
  const rows = Array.from({ length: frames }, (_, i) => ({ frame: firstFrame + i, objects }))
  await context.results.putOnce(
    keys(job).rows('detect', segment),
    JSON.stringify({ stage: 'detect', segment, rows }),
    { contentType: 'application/json' }
  )
  return { done: true }
}

/** The chain's functions, called where they are. */
const functionsOf = (context: Context) => {
  const run: Record<string, (event: never) => Promise<unknown>> = {
    plan: event => plan(context, event),
    decode: event => decode(context, event),
    infer: (event: { stage: string }) =>
      event.stage === 'detect' ? detect(context, event as never) : infer(context, event as never),
    render: event => render(context, event),
    store: event => store(context, event)
  }
  return {
    invoke: (name: string, event: unknown) => run[name](event as never),
    [Symbol.asyncDispose]: () => Promise.resolve()
  }
}

/** Takes a clip from its upload to its end. */
const throughAll = async (name: string) => {
  const world = await makeWorld()
  const describe = () =>
    Promise.resolve({
      ...{ model: 'none', system: 'none', variant: 'none', digest: 'none', graphs: ['model'] },
      weights: { sha256: '', source: '', licence: { code: '', weights: '', data: '' } }
    })
  const context = { ...world.context, models: { ...world.context.models, describe } }
  const file = path.join(folder, name)
  await corpus[name].make(file)
  const key = `track-many/${name}`
  await context.uploads.uploadFile(key, file, { contentType: 'video/mp4' })
  const { etag, size } = (await context.uploads.head(key))!
  const { started } = await intake(context, [{ bucket: 'uploads', key, bytes: size, etag }])
  const [job] = started
  const options = { parallel: 1, signal: new AbortController().signal }
  const fault = await runJob(job, functionsOf(context), options).then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code
  )
  const result = (of: string) => world.readJson(`${job.results}${of}`)
  return { ...world, file, job, fault, result }
}

const inSeconds = (pts: number[], { num, den }: { num: number; den: number }) => pts.map(p => (p * num) / den)

/** Whether times agree, but for the rounding to ticks of `timeBase`, and where they begin. */
const expectSameTimes = (found: number[], wanted: number[], timeBase = { num: 0, den: 1 }) => {
  expect(found.length).toBe(wanted.length)
  const tolerance = timeBase.num / timeBase.den + 1e-6
  const off = found.findIndex((t, i) => Math.abs(t - found[0] - (wanted[i] - wanted[0])) > tolerance)
  expect(off).toBe(-1)
}

/** Whether the independent demuxer knows the container. */
const isProbed = (name: string) => name.startsWith('wrong-suffix') || !/\.(avi|mpg|flv|ogv|wmv)$/.test(name)

const long = 1000
const names = Object.keys(corpus)
const good = names.filter(name => {
  const { outcome } = corpus[name]
  return 'pts' in outcome && outcome.pts.length < long
})

test.each(good)('%s: a row for each frame, at its time', async name => {
  const outcome = corpus[name].outcome as Outcome
  const { file, job, fault, result, context } = await throughAll(name)
  expect(fault).toBeUndefined()
  const manifest = manifestSchema.parse(await result('manifest.json'))
  const { video } = manifest.clip
  expect(video).toMatchObject({
    width: outcome.width,
    height: outcome.height,
    rotation: outcome.rotation,
    frames: outcome.pts.length,
    missingAtEnd: outcome.missingAtEnd
  })
  expect(manifest.missing).toEqual([])
  expect(manifest.repeated.length > 0).toBe(outcome.damaged)

  const { rows } = (await result('tracks.json')) as { rows: { frame: number; pts: number }[] }
  expect(rows.map(row => row.frame)).toEqual(outcome.pts.map((_, i) => i))
  // Exact: the same rational numbers, in ticks of the container.
  const { num, den } = video.timeBase
  const ticks = outcome.pts.map(p =>
    Math.round((p * outcome.timeBase.num * den) / (outcome.timeBase.den * num))
  )
  expect(rows.map(row => row.pts - rows[0].pts)).toEqual(ticks.map(t => t - ticks[0]))
  const times = inSeconds(
    rows.map(row => row.pts),
    video.timeBase
  )

  if (isProbed(name)) {
    const found = await probeIndependently(file)
    const shown = found.times.filter(t => t >= times[0] - 1e-6 && t < times.at(-1)! + 1e-3)
    // It does not count the frame in whose middle the file ends.
    expectSameTimes(shown, outcome.missingAtEnd && shown.length < times.length ? times.slice(0, -1) : times)
    expect([found.width, found.height]).toEqual([outcome.width, outcome.height])
  }

  const overlay = path.join(folder, 'overlay.mp4')
  await context.results.download(`${job.results}overlay.mp4`, overlay)
  const played = await probeIndependently(overlay)
  expectSameTimes(played.times, times)
  expect(played.sound).toBe(outcome.sound)
})

test('film-for-an-hour.mp4: the times of 86,328 frames, exact to the last', async () => {
  const [name] = names.filter(name => !good.includes(name) && 'pts' in corpus[name].outcome)
  const { pts, timeBase } = corpus[name].outcome as Outcome
  const file = path.join(folder, name)
  await corpus[name].make(file)
  await using media = openMedia()
  const { facts, timeline } = await media.probe(file)
  expect(facts.video).toMatchObject({ frameRate: { num: 24000, den: 1001 }, variable: false })
  const ticks = (timeBase.num * facts.video.timeBase.den) / (timeBase.den * facts.video.timeBase.num)
  expect(timeline.pts.length).toBe(pts.length)
  expect(timeline.pts.findIndex((t, i) => t !== pts[i] * ticks)).toBe(-1)
  const { times } = await probeIndependently(file)
  expectSameTimes(times, inSeconds(pts, timeBase))

  const last = planSegments(timeline, { target: 60, max: 90 }).at(-1)!
  const out = path.join(folder, 'last.bin')
  const table = await media.decode(file, last, facts, { format: 'png', out })
  expect(table.frames.at(-1)).toMatchObject({ index: pts.length - 1, pts: (pts.length - 1) * ticks })
})

test.each(names.filter(name => 'fault' in corpus[name].outcome))('%s is refused', async name => {
  const { fault, result, announced } = await throughAll(name)
  expect({ fault }).toEqual(corpus[name].outcome)
  expect(await result('error.json')).toMatchObject({ code: fault })
  expect(announced.at(-1)).toMatchObject({ type: 'job.failed', fault: { code: fault } })
})
