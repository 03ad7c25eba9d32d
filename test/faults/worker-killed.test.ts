import { afterAll, expect, it } from 'vitest'
import { runDying } from './dying-workers.ts'
import { prepare, undisturbed, withoutPauses } from './job.ts'

withoutPauses()
// Three ends for each step, so that the fourth try, which is the last, goes well.
const bench = await prepare(27)
afterAll(() => bench[Symbol.asyncDispose]())
const expected = await undisturbed(bench)

it('a worker that is killed at every 7th frame of every stage: the same bytes', async () => {
  const { ended, results } = await runDying(bench, 'worker', 1)
  expect(ended).toEqual({ decode: 3, detect: 3, associate: 3, render: 3 })
  expect(results).toEqual(expected)
}, 180_000)

it('a media process that is killed at every 7th frame: the same bytes', async () => {
  const { ended, results } = await runDying(bench, 'media', 1)
  expect(ended).toEqual({ decode: 3, render: 3 })
  expect(results).toEqual(expected)
})
