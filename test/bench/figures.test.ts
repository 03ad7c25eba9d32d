import { describe, expect, it } from 'vitest'
import { median } from '../../bench/median.ts'
import { formatTable } from '../../cli/table.ts'

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 2.5]
  ])('of %j is %d', (figures, middle) => expect(median(figures)).toBe(middle))
})

it('a table has its first column to the left and figures to the right', () => {
  expect(
    formatTable(
      ['step', 's'],
      [
        ['plan', '0.2'],
        ['associate', '12.0']
      ]
    )
  ).toBe('step          s\nplan        0.2\nassociate  12.0')
})
