import { describe, expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { Fault } from '../../events/faults.ts'
import { infer } from '../../functions/infer/index.ts'
import { reopen } from '../../functions/shared/reopen.ts'
import { store } from '../../functions/store/index.ts'
import { afterDetection } from './after-detection.ts'

const failure = new Fault('step-timeout', { step: 'decode', seconds: 900 }).toJSON()

/** As afterDetection, with models that can be described. */
const prepared = async () => {
  const world = await afterDetection()
  const weights = { sha256: '', source: '', licence: { code: '', weights: '', data: '' } }
  const record = { model: 'm', system: 'yolox', variant: 'nano', digest: 'digest', weights }
  const context = {
    ...world.context,
    models: { ...world.context.models, describe: () => Promise.resolve(record) }
  }
  const { job } = world
  const associate = () => infer(context, { job: job.id, stage: 'associate' })
  const finish = () => store(context, { job: job.id })
  const giveUp = (segment: number) => store(context, { job: job.id, segment, failure })
  const readManifest = () => context.results.getJson(`${job.results}manifest.json`, manifestSchema)
  const text = async () => new TextDecoder().decode(await context.results.get(`${job.results}tracks.txt`))
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

  it('fails with the fault of the first where none is left', async () => {
    const { associate, finish, giveUp } = await prepared()
    for (const segment of [0, 1, 2]) await giveUp(segment)
    await associate()
    await expect(finish()).rejects.toMatchObject({ code: 'step-timeout' })
  })
})
