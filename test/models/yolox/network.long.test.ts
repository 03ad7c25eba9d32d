import { expect, test } from 'vitest'
import { checkOf, readGolden } from '../../../models/golden/index.ts'
import { yoloxGolden } from '../../../models/yolox/golden.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

// 400 MB of weights are written and loaded for each.
describeShared("YOLOX-x at full size, against the authors' numbers", () => {
  test.each(['x-coco80-640x640', 'x-mot1-800x1440'])(
    '%s',
    async file => {
      const golden = await readGolden(shared(`golden/yolox/${file}.json`))
      const stages = await Array.fromAsync(checkOf(golden, [yoloxGolden])(golden, runOnnx))
      expect(stages.length).toBe(11)
      expect(failures(stages)).toEqual([])
    },
    600_000
  )
})
