import { expect, test } from 'vitest'
import { readGolden } from '../../../models/golden/index.ts'
import { romtrackGolden } from '../../../models/romtrack/golden.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

// 370 MB of weights are written four times for each.
describeShared("ROMTrack-Base, against the authors' numbers", () => {
  test.each(['base-256', 'base-384'])(
    '%s',
    async variant => {
      const golden = await readGolden(shared(`golden/romtrack/romtrack-${variant}.json`))
      const stages = await Array.fromAsync(romtrackGolden.check(golden, runOnnx))
      expect(stages.length).toBe(126)
      expect(failures(stages)).toEqual([])
    },
    600_000
  )
})
