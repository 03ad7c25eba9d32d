import { describe, expect, it } from 'vitest'
import { announcement } from '../../events/announcement.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { Fault } from '../../events/faults.ts'
import { plan as planSchema } from '../../events/plan.ts'
import { infer } from '../../functions/infer/index.ts'
import { reopen } from '../../functions/shared/reopen.ts'
import { store } from '../../functions/store/index.ts'
import { afterDetection } from './after-detection.ts'

const failure = new Fault('step-timeout', { step: 'decode', seconds: 900 }).toJSON()

/** As afterDetection, with models that can be described. */
const prepared = async () => {
  const world = await afterDetection()
  const weights = { sha256: '', source: '', licence: { code: '', weights: '', data: '' } }
  const record = {
    model: 'm',
    system: 'yolox',
    variant: 'nano',
    digest: 'digest',
    graphs: ['model'],
    weights
  }
  const context = {
    ...world.context,
    models: { ...world.context.models, describe: () => Promise.resolve(record) }
  }
  const { job } = world
  const associate = () => infer(context, { job: job.id, stage: 'associate' })
  const finish = () => store(context, { job: job.id })
  const giveUp = (segment: number) => store(context, { job: job.id, segment, failure })
  const readManifest = () => context.results.getJson(`${job.results}manifest.json`, manifestSchema)
  const text = async (format = 'tracks.txt') =>
    new TextDecoder().decode(await context.results.get(job.results + format))
  return { ...world, context, associate, finish, giveUp, readManifest, text }
}

const framesIn = (tracks: string) =>
  new Set(
    tracks
      .split('\n')
      .filter(Boolean)
      .map(line => parseInt(line))
  )

describe('a job of which a segment was given up', () => {
  it('ends in part: with the other frames, and with what is missing and why', async () => {
    const { associate, finish, giveUp, readManifest, text, announced, job } = await prepared()
    await giveUp(1)
    await associate()
    await finish()
    const missing = [{ first: 4, last: 7, fault: failure }]
    expect((await readManifest()).missing).toEqual(missing)
    expect(announced.at(-1)).toMatchObject({ type: 'job.partial', job: job.id, missing })
    // MOTChallenge counts from 1; who is seen again behind the gap is given out from the second sighting on.
    expect(framesIn(await text())).toEqual(new Set([1, 2, 3, 4, 10, 11, 12]))
  })

  it.each([
    ['first', 0, [5, 6, 7, 8, 9, 10, 11, 12]],
    ['middle', 1, [1, 2, 3, 4, 9, 10, 11, 12]],
    ['last', 2, [1, 2, 3, 4, 5, 6, 7, 8]]
  ])('has formats that can be read without its %s segment', async (_, segment, frames) => {
    const { associate, finish, giveUp, text } = await prepared()
    await giveUp(segment)
    await associate()
    await finish()
    const { rows } = JSON.parse(await text('tracks.json')) as { rows: { frame: number }[] }
    expect(rows.map(({ frame }) => frame + 1)).toEqual(frames)
    const { images } = JSON.parse(await text('tracks.coco.json')) as { images: { id: number }[] }
    expect(images.map(({ id }) => id)).toEqual(frames)
  })

  it('opened again, does only what is missing, and ends like one that nothing happened to', async () => {
    const whole = await prepared()
    await whole.associate()
    await whole.finish()

    const { context, associate, finish, giveUp, readManifest, text, job, name, announced } = await prepared()
    await giveUp(1)
    await associate()
    await finish()
    await reopen(context, job.id)
    expect(await context.results.exists(name.rows('associate', 0))).toBe(true)
    expect(await context.results.exists(name.rows('associate', 1))).toBe(false)
    await associate()
    await finish()
    expect(await text()).toBe(await whole.text())
    expect((await readManifest()).missing).toEqual([])
    expect(announced.at(-1)!.type).toBe('job.completed')
  })

  it('names neighbouring segments at once where they were given up for the same kind of fault', async () => {
    const { context, job, associate, finish, giveUp, readManifest } = await prepared()
    const lost = new Fault('worker-lost', { step: 'decode', reason: 'killed' }).toJSON()
    await giveUp(0)
    await giveUp(1)
    await associate()
    await finish()
    expect((await readManifest()).missing).toEqual([{ first: 0, last: 7, fault: failure }])
    await reopen(context, job.id)
    await giveUp(1)
    await store(context, { job: job.id, segment: 2, failure: lost })
    await associate()
    await finish()
    expect((await readManifest()).missing).toEqual([
      { first: 4, last: 7, fault: failure },
      { first: 8, last: 11, fault: lost }
    ])
  })

  it('fails with the fault of the first where none is left', async () => {
    const { associate, finish, giveUp } = await prepared()
    for (const segment of [0, 1, 2]) await giveUp(segment)
    await associate()
    await expect(finish()).rejects.toMatchObject({ code: 'step-timeout' })
  })
})

it('the end of a job of a clip that is cut off says how many frames are missing there', async () => {
  const { context, associate, finish, name, announced } = await prepared()
  const plan = await context.results.getJson(name.plan, planSchema)
  plan.clip.video.missingAtEnd = 62
  await context.results.put(name.plan, JSON.stringify(plan), { contentType: 'application/json' })
  await associate()
  await finish()
  expect(announcement.parse(announced.at(-1))).toMatchObject({ type: 'job.completed', missingAtEnd: 62 })
})
