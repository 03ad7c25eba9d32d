import { describe, expect, it } from 'vitest'
import { trackRow, rowsOf, type DetectionRow } from '../../events/rows.ts'
import type { Segment } from '../../events/clip.ts'
import { infer } from '../../functions/infer/index.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { store } from '../../functions/store/index.ts'
import { makeWorld } from './world.ts'

const json = { contentType: 'application/json' }
const segmentFrames = 4
const timeBase = { num: 1, den: 10 }

/** Two people who walk past each other over 12 frames; one is out of sight for a while. */
const detectionsAt = (frame: number): DetectionRow['objects'] => [
  { box: [20 + 8 * frame, 100, 30, 80], score: 0.9, class: 'person' },
  ...(frame > 4 && frame < 8
    ? []
    : [
        {
          box: [180 - 8 * frame, 110, 32, 85] as [number, number, number, number],
          score: 0.8,
          class: 'person'
        }
      ])
]

/** A world in which plan, decode and detect have run, for a clip in three segments. */
const afterDetection = async () => {
  const world = await makeWorld()
  const { results } = world.context
  const clip = { bucket: 'uploads', key: 'clips/a.mp4', bytes: 4, etag: 'abcd' }
  const job = makeJob(
    { clip, name: 'a.mp4', task: 'track-many', options: { overlay: false } },
    () => 'digest'
  )
  const name = keys(job.id)
  const colour = { space: 'unknown', primaries: 'unknown', transfer: 'unknown', range: 'limited' }
  const video = {
    codec: 'h264',
    width: 320,
    height: 240,
    rotation: 0,
    timeBase,
    frames: 12,
    start: 0,
    end: 12,
    frameRate: { num: 10, den: 1 },
    variable: false,
    colour
  }
  const pictures = { format: 'jpeg', longSide: 1920, width: 320, height: 240 }
  const plan = { job: job.id, clip: { container: 'mov', bytes: 4, video }, pictures, segments: 3 }
  const segments = [0, 1, 2].map((index): Segment => ({
    index,
    firstFrame: 4 * index,
    frames: 4,
    from: 4 * index,
    entry: 0
  }))
  await results.put(name.job, JSON.stringify(job), json)
  await results.put(name.plan, JSON.stringify(plan), json)
  await results.put(name.segments, segments.map(segment => `${JSON.stringify(segment)}\n`).join(''), json)
  for (const { index, firstFrame } of segments) {
    const frames = Array.from({ length: segmentFrames }, (_, i) => firstFrame + i)
    const table = {
      segment: index,
      format: 'jpeg',
      width: 320,
      height: 240,
      timeBase,
      frames: frames.map((frame, i) => ({ index: frame, pts: frame, offset: i, bytes: 1 }))
    }
    await results.put(name.frames(index), JSON.stringify(table), json)
    const rows = frames.map(frame => ({ frame, objects: detectionsAt(frame) }))
    await results.put(
      name.rows('detect', index),
      JSON.stringify({ stage: 'detect', segment: index, rows }),
      json
    )
  }
  const run = (remaining = Infinity) =>
    infer({ ...world.context, remaining: () => remaining }, { job: job.id, stage: 'associate' })
  const rows = () =>
    Promise.all(
      segments.map(async ({ index }) =>
        new TextDecoder().decode(await results.get(name.rows('associate', index)))
      )
    )
  return { ...world, job, name, run, rows }
}

describe('a fold', () => {
  it('goes through all segments in order and keeps who is who', async () => {
    const { context, name, run } = await afterDetection()
    expect(await run()).toEqual({ done: true })
    const { rows } = await context.results.getJson(name.rows('associate', 2), rowsOf(trackRow))
    expect(
      rows
        .at(-1)!
        .objects.map(({ id }) => id)
        .toSorted()
    ).toEqual([1, 2])
  })

  it('stops ahead of its time limit, goes on in the next invocation, and gives the same bytes', async () => {
    const whole = await afterDetection()
    await whole.run()
    const halting = await afterDetection()
    const answers = [
      await halting.run(1000),
      await halting.run(1000),
      await halting.run(1000),
      await halting.run(1000)
    ]
    // Each invocation does at least one segment, so none is without progress.
    expect(answers).toEqual([{ done: false }, { done: false }, { done: true }, { done: true }])
    expect(await halting.rows()).toEqual(await whole.rows())
  })

  it('killed between the state and the rows of a segment, it does that segment again, with the same bytes', async () => {
    const whole = await afterDetection()
    await whole.run()
    const killed = await afterDetection()
    const { results } = killed.context
    const dying = {
      ...killed.context,
      results: {
        ...results,
        putOnce: (key: string, ...rest: [Uint8Array | string, { contentType: string }]) =>
          key === killed.name.rows('associate', 1)
            ? Promise.reject(new Error('killed'))
            : results.putOnce(key, ...rest)
      }
    }
    await expect(infer(dying, { job: killed.job.id, stage: 'associate' })).rejects.toThrow('killed')
    expect(await killed.run()).toEqual({ done: true })
    expect(await killed.rows()).toEqual(await whole.rows())
  })
})

describe('store', () => {
  it('told of a failure, leaves an error object where the results would be, and announces it', async () => {
    const { context, job, announced, list, readJson } = await afterDetection()
    const failure = { code: 'step-timeout', message: 'infer was not done', next: 'run it again', details: {} }
    await store(context, { job: job.id, failure })
    expect(await list('track-many/')).toEqual(['track-many/a.mp4/error.json'])
    expect(await readJson('track-many/a.mp4/error.json')).toEqual({ job: job.id, ...failure })
    expect(announced.at(-1)).toMatchObject({ type: 'job.failed', job: job.id, fault: failure })
  })

  it('writes the manifest last, then announces; done again, the results stay the same', async () => {
    const { context, job, announced, run, list, readJson } = await afterDetection()
    await run()
    const models = {
      ...context.models,
      describe: () =>
        Promise.resolve({
          model: 'm',
          system: 'yolox',
          variant: 'nano',
          digest: 'digest',
          weights: { sha256: '', source: '', licence: { code: '', weights: '', data: '' } }
        })
    }
    const order: string[] = []
    const watched = {
      ...context,
      models,
      results: {
        ...context.results,
        put: async (...args: Parameters<typeof context.results.put>) => {
          order.push(args[0])
          await context.results.put(...args)
        },
        uploadFile: (...args: Parameters<typeof context.results.uploadFile>) => {
          order.push(args[0])
          return context.results.uploadFile(...args)
        }
      }
    }
    await store(watched, { job: job.id })
    expect(order.at(-1)).toBe('track-many/a.mp4/manifest.json')
    expect(await list('track-many/')).toEqual(order.toSorted())
    expect(announced.at(-1)).toMatchObject({ type: 'job.completed', manifest: order.at(-1) })

    const first = (await readJson(order.at(-1)!)) as { files: unknown }
    await store({ ...context, models }, { job: job.id })
    expect(((await readJson(order.at(-1)!)) as { files: unknown }).files).toEqual(first.files)
  })
})
