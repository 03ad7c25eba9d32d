import { expect, it } from 'vitest'
import { scoresTable } from '../../cli/scores.ts'
import { measure, range, walk } from '../eval/mot/rows.ts'

it('shows per cent with five digits, in columns', () => {
  const truth = walk(1, 0, 0, range(1, 10))
  const table = scoresTable({
    'a-long-name': measure(truth, truth),
    b: measure(truth, walk(1, 0, 0, range(1, 7)))
  })
  expect(table.split('\n')).toEqual([
    '             HOTA  DetA  AssA  LocA  MOTA  MOTP    IDF1  IDs  Frag  MT  ML  FP  FN',
    'a-long-name   100   100   100   100   100   100     100    0     0   1   0   0   0',
    'b              70    70    70   100    70   100  82.353    0     0   0   0   0   3'
  ])
})
