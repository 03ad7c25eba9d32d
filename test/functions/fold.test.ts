import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { rowsOf, trackRow } from '../../events/rows.ts'
import { infer } from '../../functions/infer/index.ts'
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
