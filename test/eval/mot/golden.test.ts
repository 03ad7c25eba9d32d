import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { metricsMotGolden } from '../../../eval/mot/golden.ts'
import { evaluate } from '../../../eval/mot/index.ts'
import { preprocess } from '../../../eval/mot/preprocess.ts'
import { parseResults, readTruth } from '../../../eval/mot/text.ts'
import type { GoldenFile } from '../../../models/golden/index.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

describeShared('the official tool’s numbers', () => {
  const file = shared('golden/metrics-mot/trackeval.json')
  const read = () => ({ ...(JSON.parse(readFileSync(file, 'utf8')) as GoldenFile), path: file })
  const check = (golden: GoldenFile) => Array.fromAsync(metricsMotGolden.check(golden, runOnnx))

  it('are ours, in every field of every sequence, benchmark and combination', async () => {
    const stages = await check(read())
    expect(stages).toHaveLength(48)
    expect(failures(stages)).toEqual([])
  })

  it('are missed where one of them is another', async () => {
    const golden = read() as unknown as { cases: { results: Record<string, { CLEAR: { IDSW: number } }> }[] }
    golden.cases[2].results.COMBINED_SEQ.CLEAR.IDSW++
    expect(failures(await check(golden as unknown as GoldenFile))).toMatchObject([
      { stage: 'MOT20 COMBINED_SEQ CLEAR' }
    ])
  })
})

describeShared('the authors’ trackers on a real clip', () => {
  const { runs } = JSON.parse(readFileSync(shared('golden/mixsort/clip-pets09-s2l1.json'), 'utf8')) as {
    runs: Record<string, { lines: string[]; metrics: Record<string, number> }>
  }
  it.each(Object.entries(runs))('score what they should: %s', async (name, { lines, metrics }) => {
    const truth = await readTruth(shared('media/mot/pets09-s2l1/gt/gt.txt'), 795)
    const results = parseResults(lines.join('\n'), name, 795)
    const scores = evaluate(preprocess(truth, results, { benchmark: 'MOT15', preprocess: false }))
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    const ours: Record<string, number> = {
      ...scores.CLEAR,
      ...scores.Identity,
      ...Object.fromEntries(
        (['HOTA', 'DetA', 'AssA', 'LocA'] as const).map(field => [field, mean(scores.HOTA[field])])
      )
    }
    for (const [field, value] of Object.entries(metrics)) expect(ours[field]).toBeCloseTo(value, 12)
  })
})
