import { afterAll, expect, it } from 'vitest'
import { installBright } from '../tasks/track/bright.ts'
import { runDying } from './dying-workers.ts'
import { prepare, undisturbed, withoutPauses } from './job.ts'

withoutPauses()
const bench = await prepare(27, {
  task: 'track',
  // Templates change within each segment.
  options: {
    box: [
      [60, 60, 40, 80],
      [150, 40, 30, 60]
    ],
    start: 13,
    updateInterval: 3
  },
  install: installBright
})
afterAll(() => bench[Symbol.asyncDispose]())

it('what follows something, killed at every 7th frame in both directions: the same bytes', async () => {
  const expected = await undisturbed(bench)
  const { ended, results } = await runDying(bench, 'worker', 1)
  expect(ended).toEqual({ decode: 3, forward: 3, backward: 3, render: 3 })
  expect(results).toEqual(expected)
}, 180_000)
