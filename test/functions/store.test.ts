import { describe, expect, it } from 'vitest'
import { newestKey } from '../../functions/shared/keys.ts'
import { store } from '../../functions/store/index.ts'
import { afterDetection } from './after-detection.ts'

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
    expect(order.at(-1)).toBe(`${job.results}manifest.json`)
    expect(await list('track-many/')).toEqual([...order, newestKey('track-many', job.name)].toSorted())
    expect(announced.at(-1)).toMatchObject({ type: 'job.completed', manifest: order.at(-1) })

    const first = (await readJson(order.at(-1)!)) as { files: unknown }
    await store({ ...context, models }, { job: job.id })
    expect(((await readJson(order.at(-1)!)) as { files: unknown }).files).toEqual(first.files)
  })
})
