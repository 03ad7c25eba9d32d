import { afterAll, expect, it } from 'vitest'
import { retry } from '../../functions/chain.ts'
import { runDying } from './dying-workers.ts'
import { prepare, undisturbed, withoutPauses } from './job.ts'

withoutPauses()
// The fold is one call for all segments, ended 13 times.
retry.attempts = 14
const bench = await prepare(96)
afterAll(() => bench[Symbol.asyncDispose]())
const expected = await undisturbed(bench)

it.each([
  ['worker', { decode: 13, detect: 13, associate: 13, render: 13 }],
  ['media', { decode: 13, render: 13 }]
] as const)(
  'two segments side by side, a %s process killed at every 7th frame of every stage: the same bytes',
  async (victim, ends) => {
    const { ended, results } = await runDying(bench, victim, 2)
    expect(ended).toEqual(ends)
    expect(results).toEqual(expected)
  },
  300_000
)
