import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { rowsOf, trackRow } from '../../events/rows.ts'
import { infer } from '../../functions/infer/index.ts'
import type { Timing } from '../../functions/shared/timing.ts'
import { afterDetection } from './after-detection.ts'

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
    // Each invocation does at least one frame, so none is without progress.
    for (let i = 0; i < 11; i++) expect(await halting.run(1000)).toEqual({ done: false })
    expect(await halting.run(1000)).toEqual({ done: true })
    expect(await halting.run(1000)).toEqual({ done: true })
    expect(await halting.rows()).toEqual(await whole.rows())
    // Of each invocation it is known how long it took.
    const timings = await Promise.all((await halting.list(halting.name.timings)).map(halting.readJson))
    expect(timings.map(timing => (timing as Timing).frames)).toEqual(Array(12).fill(1))
  })

  it('stops when less time is left than two frames like the last one take', async () => {
    const { context, job, name, list } = await afterDetection()
    // Each frame takes 100 of 350 seconds.
    let left = 450_000
    const slow = { ...context, remaining: () => (left -= 100_000) }
    expect(await infer(slow, { job: job.id, stage: 'associate' })).toEqual({ done: false })
    expect(await list(name.partsOf('associate', 0))).toEqual([name.part('associate', 0, 2)])
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

  it('over a gap in its rows, e.g. where their lifetime has ended, it begins again at the first that is missing', async () => {
    const whole = await afterDetection()
    await whole.run()
    const gap = await afterDetection()
    await gap.run()
    const [, second] = await gap.rows()
    await gap.client.send(new DeleteObjectCommand({ Bucket: 'results', Key: gap.name.rows('associate', 0) }))
    expect(await gap.run()).toEqual({ done: true })
    expect(await gap.rows()).toEqual([...(await whole.rows()).slice(0, 1), second, (await whole.rows())[2]])
  })
})
