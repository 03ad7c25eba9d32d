import { expect, it } from 'vitest'
import { vfiGoldenForm } from '../../../eval/vfi/golden.ts'
import { readGolden } from '../../../models/golden/index.ts'
import { runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

const stagesOf = async (change: (first: Record<string, unknown>) => void = () => undefined) => {
  const golden = await readGolden(shared('golden/metrics-vfi/metrics.json'))
  expect(vfiGoldenForm.accepts(golden)).toBe(true)
  change((golden.cases as Record<string, unknown>[])[0])
  return Array.fromAsync(vfiGoldenForm.check(golden, runOnnx))
}

describeShared('the measures of frame interpolation', () => {
  it('are the authors’', async () => {
    const compared = (await stagesOf()).filter(stage => 'ok' in stage)
    expect(compared).toHaveLength(2 + 7 * 7)
    expect(compared.filter(({ ok }) => !ok)).toEqual([])
  })

  it('are missed where one is another', async () => {
    const stages = await stagesOf(first => {
      first.ssim3d = 0.98143
      first.ie = 12.18
    })
    expect(stages.filter(stage => 'ok' in stage && !stage.ok)).toMatchObject([
      { stage: 'noise-small ie' },
      { stage: 'noise-small ssim3d' }
    ])
  })
})
