import { describe, expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { costBasisOf } from '../../functions/cost/basis.ts'
import { prices } from '../../functions/cost/prices.ts'
import { keys, newestKey } from '../../functions/shared/keys.ts'
import { store } from '../../functions/store/index.ts'
import { afterDetection } from './after-detection.ts'

const describeModel = () =>
  Promise.resolve({
    model: 'm',
    system: 'yolox',
    variant: 'nano',
    digest: 'digest',
    graphs: ['model'],
    weights: { sha256: '', source: '', licence: { code: '', weights: '', data: '' } }
  })

describe('store', () => {
  it('told of a failure, leaves an error object where the results would be, and announces it', async () => {
    const { context, job, announced, list, readJson } = await afterDetection()
    const failure = { code: 'step-timeout', message: 'infer was not done', next: 'run it again', details: {} }
    await store(context, { job: job.id, failure })
    expect(await list('track-many/')).toEqual([`${job.results}error.json`])
    expect(await readJson(`${job.results}error.json`)).toEqual({ job: job.id, ...failure })
    expect(announced.at(-1)).toMatchObject({ type: 'job.failed', job: job.id, fault: failure })
  })

  it('writes the manifest last, then announces; done again, the results stay the same', async () => {
    const { context, job, announced, run, list, readJson } = await afterDetection()
    await run()
    const models = { ...context.models, describe: describeModel }
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
    expect(order.at(-1)).toBe(`${job.results}manifest.json`)
    expect(await list('track-many/')).toEqual([...order, newestKey('track-many', job.name)].toSorted())
    expect(announced.at(-1)).toMatchObject({ type: 'job.completed', manifest: order.at(-1) })

    const first = (await readJson(order.at(-1)!)) as { files: unknown }
    await store({ ...context, models }, { job: job.id })
    expect(((await readJson(order.at(-1)!)) as { files: unknown }).files).toEqual(first.files)
  })

  it('says what the job cost by what its invocations took, beside what was expected', async () => {
    const { context, job, run, readJson } = await afterDetection()
    await run()
    const plan = (await readJson(keys(job.id).plan)) as object
    const json = { contentType: 'application/json' }
    await context.results.put(keys(job.id).plan, JSON.stringify({ ...plan, estimate: 0.25 }), json)
    const detect = { step: 'detect', seconds: 1000, frames: 12 }
    await context.results.put(keys(job.id).timing('detect', 0), JSON.stringify(detect), json)
    const models = { ...context.models, describe: describeModel }

    await store({ ...context, models, cost: costBasisOf({ size: 'small' }) }, { job: job.id })
    const { cost } = manifestSchema.parse(await readJson(`${job.results}manifest.json`))
    expect(cost).toMatchObject({ currency: 'USD', prices: prices.date, estimate: 0.25 })
    // 1,000 seconds of 1,769 MB and of 3.5 GB of /tmp; the rest is requests, and the seconds of this test.
    const functions = 1000 * ((1769 / 1024) * 0.0000133334 + 3.5 * 0.0000000309)
    expect(cost!.actual).toBeGreaterThan(functions)
    expect(cost!.actual).toBeLessThan(functions + 0.003)

    await store({ ...context, models }, { job: job.id })
    expect(await readJson(`${job.results}manifest.json`)).not.toHaveProperty('cost')
  })
})
