import { expect, test } from 'vitest'
import { dqbcPairs } from '../../../models/dqbc/golden.ts'
import { readGolden } from '../../../models/golden/index.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

describeShared("DQBC at larger sizes, against the authors' numbers", () => {
  test.each([
    { file: 'full-256x448', count: 62 },
    { file: 'downscale-always-192x256', count: 10 },
    { file: 'downscale-never-192x256', count: 11 }
  ])('$file', { timeout: 600_000 }, async ({ file, count }) => {
    const golden = await readGolden(shared(`golden/dqbc/${file}.json`))
    const stages = await Array.fromAsync(dqbcPairs.check(golden, runOnnx))
    expect(stages).toHaveLength(count)
    expect(failures(stages)).toEqual([])
  })
})
