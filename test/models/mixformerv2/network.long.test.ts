import { expect, test } from 'vitest'
import { checkOf, readGolden } from '../../../models/golden/index.ts'
import { mixFormerGolden } from '../../../models/mixformerv2/golden.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

// 240 and 420 MB of weights are written and loaded, twice or thrice.
describeShared("MixFormerV2-B and the teacher, against the authors' numbers", () => {
  test.each([
    { file: 'mixformerv2-b', count: 46 },
    { file: 'mixvit-b-teacher', count: 54 }
  ])(
    '$file',
    async ({ file, count }) => {
      const golden = await readGolden(shared(`golden/mixformerv2/${file}.json`))
      const stages = await Array.fromAsync(checkOf(golden, [mixFormerGolden])(golden, runOnnx))
      expect(stages).toHaveLength(count)
      expect(failures(stages)).toEqual([])
    },
    600_000
  )
})
