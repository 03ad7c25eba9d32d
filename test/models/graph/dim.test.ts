import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ceilDivide,
  dim,
  divideExactly,
  equal,
  floorDivide,
  larger,
  minus,
  plus,
  smaller,
  times,
  type Dim
} from '../../../models/graph/dim.ts'
import { valueOfDim } from './running.ts'

const [h, w] = [dim('h'), dim('w')]

const positive = fc.integer({ min: 1, max: 12 })
const sizes = fc.letrec<{ size: Dim }>(tie => ({
  size: fc.oneof(
    { depthSize: 'small' },
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom<Dim>(h, w),
    fc.tuple(tie('size'), tie('size')).map(([a, b]) => plus(a, b)),
    fc.tuple(tie('size'), tie('size')).map(([a, b]) => times(a, b)),
    fc.tuple(tie('size'), tie('size')).map(([a, b]) => smaller(a, b)),
    fc.tuple(tie('size'), positive).map(([a, n]) => floorDivide(a, n)),
    fc.tuple(tie('size'), positive).map(([a, n]) => floorDivide(a, h.times(n)))
  )
})).size
const symbols = fc.record({ h: fc.integer({ min: 1, max: 20 }), w: fc.integer({ min: 1, max: 20 }) })

describe('symbolic sizes', () => {
  test('are written in one form', () => {
    expect(String(h.times(32))).toBe('32*h')
    expect(String(times(plus(w, h), plus(h, -1)))).toBe('h*h + h*w - h - w')
    expect(minus(h.times(2), plus(h, h))).toBe(0)
    expect(equal(times(h, w), times(w, h))).toBe(true)
    expect(equal(h, w)).toBe(false)
  })

  test('are divided, rounding down, where that leaves a polynomial', () => {
    // A convolution of kernel 3, padding 1, stride 2 over 32 h pixels.
    expect(String(plus(floorDivide(plus(h.times(32), -1), 2), 1))).toBe('16*h')
    expect(String(divideExactly(times(plus(h, 1), plus(w, 2)), plus(w, 2)))).toBe('h + 1')
    expect(divideExactly(h, 2)).toBeUndefined()
  })

  test('become a symbol of their own where it does not', () => {
    expect(String(floorDivide(plus(h, 5), 2))).toBe('floor((h + 1)/2) + 2')
    expect(equal(floorDivide(plus(h, 1), 2), plus(floorDivide(plus(h, 3), 2), -1))).toBe(true)
    expect(equal(floorDivide(minus(0, h), 2), minus(floorDivide(h, 2), h))).toBe(true)
  })

  test('are compared, since a symbol is at least 1', () => {
    expect(smaller(h.times(32), 5)).toBe(5)
    expect(larger(plus(h, w), h)).toEqual(plus(h, w))
    expect(String(smaller(h, w))).toBe('min(h, w)')
  })

  test('are compared by their bounds where they stand for a minimum or a quotient', () => {
    expect(smaller(smaller(h, w), 1)).toBe(1)
    // floor(h / 2) may be 0, min(0, h - 3) may be -2.
    expect(String(smaller(floorDivide(h, 2), 1))).toBe('min(1, floor((h)/2))')
    expect(String(larger(smaller(0, minus(h, 3)), -1))).toBe('-min(-1, min(0, h - 3)) + min(0, h - 3) - 1')
    expect(smaller(smaller(0, minus(h, 3)), -2)).toBe(-2)
  })

  test('are never divided by 0', () => {
    expect(divideExactly(8, 0)).toBeUndefined()
    expect(divideExactly(h, minus(h, h))).toBeUndefined()
    expect(() => floorDivide(h, 0)).toThrow('h is divided by 0')
  })

  test('compute as their values do', () => {
    fc.assert(
      fc.property(sizes, sizes, positive, symbols, (a, b, n, at) => {
        const value = (d: Dim) => valueOfDim(String(d), at) + 0
        expect(value(plus(a, b))).toBe(value(a) + value(b))
        expect(value(times(a, b))).toBe(value(a) * value(b) + 0)
        expect(value(minus(a, b))).toBe(value(a) - value(b))
        expect(value(floorDivide(a, n))).toBe(Math.floor(value(a) / n))
        expect(value(ceilDivide(a, n))).toBe(Math.ceil(value(a) / n) + 0)
        expect(value(smaller(a, b))).toBe(Math.min(value(a), value(b)))
        expect(value(larger(a, b))).toBe(Math.max(value(a), value(b)))
      })
    )
  })

  test('are equal when their forms are, in whatever order they were made', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, (a, b, c) => {
        expect(equal(times(a, plus(b, c)), plus(times(c, a), times(b, a)))).toBe(true)
        expect(equal(minus(plus(a, b), b), a)).toBe(true)
      })
    )
  })

  test('of a product divide by each factor', () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        fc.pre(!equal(b, 0))
        const quotient = divideExactly(times(a, b), b)
        expect(quotient !== undefined && equal(quotient, a)).toBe(true)
      })
    )
  })
})
