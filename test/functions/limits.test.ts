import { describe, expect, it, vi } from 'vitest'
import type { Limits } from '../../events/job.ts'
import { costBasisOf, type CostBasis } from '../../functions/cost/basis.ts'
import { intake } from '../../functions/intake/index.ts'
import { plan } from '../../functions/plan/index.ts'
import { environmentContext } from '../../functions/shared/environment.ts'
import { keys } from '../../functions/shared/keys.ts'
import { street } from '../e2e/cli.ts'
import { makeWorld } from './world.ts'

/** Dollars, about. */
const expected = 0.0015
let worlds = 0

/** Plans the demo clip, which has 120 frames; `beside` is what its side file says. */
const planStreet = async (beside: object, deployed: { limits?: Limits; cost?: CostBasis } = {}) => {
  const world = await makeWorld()
  const { uploads } = world.context
  // A process keeps the clip that it has of a key.
  const clip = `track-many/${++worlds}/street.mp4`
  await uploads.uploadFile(clip, street, { contentType: 'video/mp4' })
  await uploads.put(`${clip}.json`, JSON.stringify(beside), { contentType: 'application/json' })
  const { size, etag } = (await uploads.head(clip))!
  const [job] = (await intake(world.context, [{ bucket: 'uploads', key: clip, bytes: size, etag }])).started
  const planned = plan({ ...world.context, ...deployed }, { job: job.id })
  return { ...world, job, planned }
}

describe('limits stop a job before anything is decoded', () => {
  const cost = costBasisOf()

  it.each<[string, object, Parameters<typeof planStreet>[1]]>([
    ['frames by the side file', { limits: { frames: 100 } }, {}],
    ['frames by the deployment', {}, { limits: { frames: 100 } }],
    ['frames by the lower of both', { limits: { frames: 100 } }, { limits: { frames: 1000 } }]
  ])('%s', async (_, beside, deployed) => {
    const { planned, job, list } = await planStreet(beside, deployed)
    await expect(planned).rejects.toMatchObject({
      code: 'limit-exceeded',
      exit: 6,
      details: { clip: job.name, what: 'frames', value: 120, limit: 100 }
    })
    expect(await list(`jobs/${job.id}/`)).toEqual([keys(job.id).job])
  })

  it.each<[string, object, Parameters<typeof planStreet>[1]]>([
    ['by the side file', { limits: { cost: 0.001 } }, { cost }],
    ['by the deployment', {}, { cost, limits: { cost: 0.001 } }]
  ])('dollars %s', async (_, beside, deployed) => {
    await expect((await planStreet(beside, deployed)).planned).rejects.toMatchObject({
      code: 'limit-exceeded',
      message: expect.stringMatching(
        /^the job on .*street.mp4 would cost about \$0.00\d+; the limit is \$0.001$/
      ) as string,
      details: { what: 'dollars', limit: 0.001 }
    })
  })

  it('what is within them is planned, with what it is expected to cost', async () => {
    const limits = { frames: 120, cost: 0.01 }
    const { planned, job, readJson } = await planStreet({ limits }, { cost })
    expect(await planned).toEqual({ segments: 2 })
    const { estimate } = (await readJson(keys(job.id).plan)) as { estimate: number }
    expect(estimate / expected).toBeGreaterThan(0.5)
    expect(estimate / expected).toBeLessThan(2)
  })

  it('where nobody charges, nothing costs, however low the limit', async () => {
    const { planned, job, readJson } = await planStreet({ limits: { cost: 1e-9 } })
    expect(await planned).toEqual({ segments: 2 })
    expect(await readJson(keys(job.id).plan)).not.toHaveProperty('estimate')
  })
})

it('a ticket has limits beside the options of each task; with others it asks for another job', async () => {
  const world = await makeWorld()
  const { uploads } = world.context
  await uploads.put('clips/a.mp4', 'clip', { contentType: 'video/mp4' })
  const ids: string[] = []
  for (const limits of [undefined, { frames: 10 }, { frames: 20, cost: 1 }, { cost: 1, frames: 20 }]) {
    const ticket = { clip: 'clips/a.mp4', tasks: [{ task: 'track-many', limits }] }
    await uploads.put('1.job.json', JSON.stringify(ticket), { contentType: 'application/json' })
    const { size, etag } = (await uploads.head('1.job.json'))!
    const upload = { bucket: 'uploads', key: '1.job.json', bytes: size, etag }
    const [job] = (await intake(world.context, [upload])).started
    expect(job.limits).toEqual(limits)
    ids.push(job.id)
  }
  expect(ids[2]).toBe(ids[3])
  expect(new Set(ids).size).toBe(3)
})

it('limits that make no sense refuse the ticket', async () => {
  const world = await makeWorld()
  const { uploads } = world.context
  await uploads.put('clips/a.mp4', 'clip', { contentType: 'video/mp4' })
  const ticket = { clip: 'clips/a.mp4', tasks: [{ task: 'track-many', limits: { cost: -1, minutes: 3 } }] }
  await uploads.put('1.job.json', JSON.stringify(ticket), { contentType: 'application/json' })
  const { refused } = await intake(world.context, [
    { bucket: 'uploads', key: '1.job.json', bytes: 1, etag: 'a' }
  ])
  expect(refused).toMatchObject([{ code: 'ticket-invalid' }])
})

it('a function reads them, and by what it is charged, from its environment', () => {
  const basis = costBasisOf({ size: 'large', compute: { 'track-many': 'batch' } })
  const environment = {
    CLIPMILL_UPLOADS: 'uploads',
    CLIPMILL_RESULTS: 'results',
    CLIPMILL_MODELS: import.meta.dirname,
    CLIPMILL_MAX_FRAMES: '5000',
    CLIPMILL_MAX_COST: '0.5',
    CLIPMILL_COST: JSON.stringify(basis)
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const tellers = { announce: () => Promise.resolve(), measure: () => undefined }
  const context = environmentContext(tellers)({} as Parameters<ReturnType<typeof environmentContext>>[0])
  vi.unstubAllEnvs()
  expect(context).toMatchObject({ limits: { frames: 5000, cost: 0.5 }, cost: basis })
})
