import { expect, it } from 'vitest'
import { mixsortSteps } from '../../../models/mixsort/golden/index.ts'
import { readGolden } from '../../../models/golden/index.ts'
import { describeShared, shared } from '../../shared.ts'
import { checkStages, collect } from '../yolox/steps.ts'

const runsNoModel = () => Promise.reject(new Error('runs no model'))

describeShared("the numbers of MixSort's authors", () => {
  it.each([
    { file: 'kalman', compared: 23, skipped: ['byte 15 gating', 'oc'] },
    {
      file: 'matching',
      compared: 20,
      skipped: ['iou_batch, giou_batch, diou_batch, ciou_batch, ct_dist, covered_area, associate']
    },
    { file: 'trackers', compared: 23, skipped: ['oc', 'oc-byte', 'plain-oc'] },
    { file: 'trackers-real-network', compared: 0, skipped: ['byte', 'oc'] },
    { file: 'clip-pets09-s2l1', compared: 3, skipped: ['plain-oc'] },
    { file: 'interpolation', compared: 3, skipped: [] },
    { file: 'crops-similarity', compared: 76, skipped: [] }
  ])('$file', async ({ file, compared, skipped }) => {
    const path = shared(`golden/mixsort/${file}.json`)
    const golden = await readGolden(path)
    const form = mixsortSteps.find(({ accepts }) => accepts(golden))
    expect(await checkStages(form!, path)).toEqual({ missed: [], skipped, compared })
  })

  it('misses where a number is another', async () => {
    const golden = await readGolden(shared('golden/mixsort/interpolation.json'))
    const form = mixsortSteps.find(({ accepts }) => accepts(golden))!
    const rows = (golden.rows as number[][]).with(0, [1, 1, 0, 0, 1, 1, 1, -1, -1, -1])
    const [stage] = await collect(form.check({ ...golden, rows }, runsNoModel))
    expect(stage).toMatchObject({ ok: false, deviation: 1 })
  })

  it.each([
    ['names no threshold', 'clip-pets09-s2l1', { notes: 'detections' }],
    ['does not say how large its picture is', 'crops-similarity', { pictures: { smooth: 'smooth' } }],
    ['has no runs', 'clip-pets09-s2l1', { runs: {} }],
    ['has no cases', 'interpolation', { cases: [] }]
  ])('a file that %s is refused by its name', async (_, file, other) => {
    const golden = await readGolden(shared(`golden/mixsort/${file}.json`))
    const form = mixsortSteps.find(({ accepts }) => accepts(golden))!
    await expect(collect(form.check({ ...golden, ...other }, runsNoModel))).rejects.toMatchObject({
      code: 'golden-unreadable',
      details: { golden: golden.path }
    })
  })
})
