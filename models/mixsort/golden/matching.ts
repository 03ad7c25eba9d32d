import { z } from 'zod'
import { deviationOf, stepsForm, worst } from '../../golden/index.ts'
import { assign } from '../assign.ts'
import { iouPlusOne } from '../boxes.ts'
import { count, differing, exact, four, noOc, row, skipped, table } from './shared.ts'

/** So far above all costs that there are as many pairs as there can be. */
const noLimit = 1e6

const matchingGolden = z.object({
  system: z.string(),
  assignment_with_limit: z
    .array(
      z.object({
        cost: table,
        shape: z.tuple([count, count]),
        limit: z.number(),
        matches: table,
        unmatched_rows: row,
        unmatched_cols: row
      })
    )
    .min(1),
  assignment: z.array(z.object({ cost: table, pairs: table })).min(1),
  boxes: z.object({
    a: z.array(four),
    b: z.array(four),
    iou_plus_one: table,
    fuse_score: table,
    det_scores: row
  })
})

function* checkMatching({ assignment_with_limit, assignment, boxes }: z.infer<typeof matchingGolden>) {
  for (const [i, golden] of assignment_with_limit.entries()) {
    const [rows, columns] = golden.shape
    const ours = assign(Float64Array.from(golden.cost.flat()), rows, columns, golden.limit)
    const wanted = [golden.matches, golden.unmatched_rows, golden.unmatched_cols]
    yield deviationOf(
      `assignment_with_limit ${i}`,
      differing([ours.pairs, ours.rows, ours.columns], wanted),
      0
    )
  }
  for (const [i, { cost, pairs }] of assignment.entries()) {
    const ours = assign(Float64Array.from(cost.flat()), cost.length, cost[0]?.length ?? 0, noLimit)
    yield deviationOf(`assignment ${i}`, differing(ours.pairs, pairs), 0)
  }
  const iou = boxes.a.map(a => boxes.b.map(b => iouPlusOne(a, b)))
  yield deviationOf('iou_plus_one', worst(iou, boxes.iou_plus_one), exact)
  const fused = iou.map(row => row.map((v, j) => 1 - v * boxes.det_scores[j]))
  yield deviationOf('fuse_score', worst(fused, boxes.fuse_score), exact)
  yield skipped('iou_batch, giou_batch, diou_batch, ciou_batch, ct_dist, covered_area, associate', noOc)
}

export const matchingSteps = stepsForm(
  'mixsort',
  ['assignment_with_limit', 'boxes'],
  matchingGolden,
  checkMatching
)
