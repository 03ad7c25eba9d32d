import { describe, expect, it } from 'vitest'
import { bicubic, tapsOf } from '../../../models/maxsr/bicubic.ts'
import type { Picture } from '../../../models/picture.ts'

const grey = (rows: number[][]): Picture => ({
  data: Uint8Array.from(rows.flat().flatMap(v => [v, v, v])),
  width: rows[0].length,
  height: rows.length
})
const rowsOf = ({ data, width, height }: Picture) =>
  Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[3 * (y * width + x)]))

describe('bicubic resizing', () => {
  it('leaves what is all of one colour', () => {
    const flat = grey([
      [7, 7, 7],
      [7, 7, 7]
    ])
    expect(new Set(bicubic(flat, { factor: 3, direction: 'up' }).data)).toEqual(new Set([7]))
    expect(new Set(bicubic(flat, { factor: 2, direction: 'down' }).data)).toEqual(new Set([7]))
  })

  it('rounds sizes up where they get smaller', () => {
    const { width, height } = bicubic(grey([[1, 2, 3, 4, 5]]), { factor: 2, direction: 'down' })
    expect([width, height]).toEqual([3, 1])
  })

  it('overshoots at edges, and is held within bytes', () => {
    const edge = grey([[0, 0, 0, 255, 255, 255]])
    const [row] = rowsOf(bicubic(edge, { factor: 2, direction: 'up' }))
    expect(row).toEqual([0, 0, 0, 0, 0, 52, 203, 255, 255, 255, 255, 255])
    const [dim] = rowsOf(bicubic(grey([[100, 100, 100, 200, 200, 200]]), { factor: 2, direction: 'up' }))
    expect(dim).toEqual([100, 100, 100, 98, 93, 120, 180, 207, 202, 200, 200, 200])
  })

  it('looks at neighbours with weights that add up to 1, and repeats the edge', () => {
    const { count, indices, weights } = tapsOf(3, { factor: 2, direction: 'up' })
    expect([...indices.subarray(0, count)]).toEqual([2, 1, 0, 0, 1, 2])
    for (let i = 0; i < weights.length; i += count)
      expect(weights.subarray(i, i + count).reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  })
})
