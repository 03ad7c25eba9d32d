import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { metricsSotGolden } from '../../../eval/sot/golden.ts'
import { readGolden, type GoldenFile } from '../../../models/golden/index.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

describeShared('the official tools’ numbers', () => {
  const file = shared('golden/sot-metrics/metrics.json')
  const check = (golden: GoldenFile) => Array.fromAsync(metricsSotGolden.check(golden, runOnnx))

  it('are ours, in every figure and curve of each tool', async () => {
    const golden = await readGolden(file)
    expect(metricsSotGolden.accepts(golden)).toBe(true)
    const stages = await check(golden)
    expect(stages).toHaveLength(7 + 8 + 4 + 4 + 3 + 2 + 3 * 3)
    expect(failures(stages)).toEqual([])
  })

  it('are missed where one of them is another', async () => {
    const golden = JSON.parse(readFileSync(file, 'utf8')) as { got10k: { sr50: number } }
    golden.got10k.sr50 += 1e-9
    const stages = await check({ ...golden, system: '', path: file })
    expect(failures(stages)).toMatchObject([{ stage: 'got10k sr50' }])
  })
})
