import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assign } from '../../../models/mixsort/assign.ts'

/** The least sum of (cost - limit) over all sets of pairs, by trying them. */
const least = (cost: number[][], limit: number, row = 0, taken = new Set<number>()): number =>
  row === cost.length
    ? 0
    : Math.min(
        least(cost, limit, row + 1, taken),
        ...cost[row].flatMap((c, j) =>
          taken.has(j) ? [] : [c - limit + least(cost, limit, row + 1, new Set([...taken, j]))]
        )
      )

const matrices = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }),
      {
        minLength: rows,
        maxLength: rows
      }
    )
  )

const solve = (cost: number[][], limit: number) =>
  assign(Float64Array.from(cost.flat()), cost.length, cost[0]?.length ?? 0, limit)

describe('assignment', () => {
  it('is worth exactly what the best of all sets of pairs is', () => {
    fc.assert(
      fc.property(matrices, fc.double({ min: 0, max: 1.2, noNaN: true }), (cost, limit) => {
        const { pairs } = solve(cost, limit)
        const worth = pairs.reduce((sum, [i, j]) => sum + cost[i][j] - limit, 0)
        expect(worth).toBeCloseTo(least(cost, limit), 10)
      })
    )
  })

  it('never takes a pair above the limit, and tells what is left over', () => {
    fc.assert(
      fc.property(matrices, fc.double({ min: 0, max: 1, noNaN: true }), (cost, limit) => {
        const { pairs, rows, columns } = solve(cost, limit)
        for (const [i, j] of pairs) expect(cost[i][j]).toBeLessThanOrEqual(limit)
        const ascending = (n: number) => Array.from({ length: n }, (_, i) => i)
        expect([...pairs.map(p => p[0]), ...rows].sort()).toEqual(ascending(cost.length))
        expect([...pairs.map(p => p[1]), ...columns].sort()).toEqual(ascending(cost[0].length))
        expect(pairs.map(p => p[0])).toEqual(pairs.map(p => p[0]).toSorted())
      })
    )
  })

  it('pairs as many as there can be where the limit is far above all costs', () => {
    fc.assert(
      fc.property(matrices, cost => {
        const { pairs } = solve(cost, 100)
        expect(pairs).toHaveLength(Math.min(cost.length, cost[0].length))
        const sum = pairs.reduce((total, [i, j]) => total + cost[i][j], 0)
        expect(sum).toBeCloseTo(least(cost, 100) + 100 * pairs.length, 8)
      })
    )
  })

  it('ends whatever the costs are', () => {
    expect(solve([[NaN, NaN]], 0.9)).toEqual({ pairs: [], rows: [0], columns: [0, 1] })
    expect(solve([[Infinity], [0.5]], 0.9)).toEqual({ pairs: [[1, 0]], rows: [0], columns: [] })
  })

  it('gives no pairs where a side is empty', () => {
    expect(assign(new Float64Array(), 2, 0, 1)).toEqual({ pairs: [], rows: [0, 1], columns: [] })
    expect(assign(new Float64Array(), 0, 2, 1)).toEqual({ pairs: [], rows: [], columns: [0, 1] })
  })

  it('leaves a tempting pair for a better whole', () => {
    const cost = [
      [0.1, 0.2],
      [0.15, 0.8]
    ]
    expect(solve(cost, 0.9).pairs).toEqual([
      [0, 1],
      [1, 0]
    ])
    expect(solve(cost, 0.15).pairs).toEqual([[0, 0]])
  })
})
