import { describe, expect, it } from 'vitest'
import { interpolate } from '../../../models/mixsort/interpolate.ts'
import { motLine, plausible } from '../../../models/mixsort/lines.ts'

describe('MOTChallenge lines', () => {
  it('are plain decimals', () => {
    const row = { frame: 1, id: 3, box: [253, 218.71, 29.56, 89.84] as const, score: Math.fround(0.8791) }
    expect(motLine(row)).toBe('1,3,253.0,218.7,29.6,89.8,0.88,-1,-1,-1')
  })

  it('round halves to even, and have -1 for a score that is not known', () => {
    const row = { frame: 2, id: 1, box: [0.25, 0.75, 12.5, 100] as const, score: null }
    expect(motLine(row)).toBe('2,1,0.2,0.8,12.5,100.0,-1,-1,-1,-1')
  })

  it('leave out what is small or wider than people are', () => {
    expect(plausible([0, 0, 10, 10])).toBe(false)
    expect(plausible([0, 0, 10, 10.1])).toBe(true)
    expect(plausible([0, 0, 33, 20])).toBe(false)
    expect(plausible([0, 0, 5, 5], 20)).toBe(true)
  })
})

describe('interpolation', () => {
  const at = (frame: number, x: number) => ({ frame, id: 1, box: [x, 0, 10, 20] as const, score: 0.9 })
  const places = (frames: number[]) => frames.map(frame => at(frame, 2 * frame))

  it('fills a gap in a straight line', () => {
    const rows = interpolate(places([1, 2, 5]), 2, 20)
    expect(rows.map(r => [r.frame, r.box[0], r.score])).toEqual([1, 2, 3, 4, 5].map(f => [f, 2 * f, null]))
  })

  it('leaves short tracks and long gaps alone', () => {
    expect(interpolate(places([1, 2, 5]), 3, 20)).toHaveLength(3)
    expect(interpolate(places([1, 2, 5]), 2, 3)).toHaveLength(3)
    expect(interpolate(places([1, 2, 5]), 2, 4)).toHaveLength(5)
  })
})
