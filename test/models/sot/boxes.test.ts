import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxInFrame, clipBox } from '../../../models/sot/boxes.ts'

const frame = { width: 200, height: 100 }

describe('a box found in a crop', () => {
  it('is brought back to the frame around the middle of the previous box', () => {
    // 32 pixels, shown in 64.
    expect(boxInFrame([0.5, 0.5, 0.25, 0.5], [92, 42, 16, 16], 64, 2)).toEqual([96, 42, 8, 16])
    expect(boxInFrame([0, 1, 0.25, 0.25], [92, 42, 16, 16], 64, 2)).toEqual([80, 62, 8, 8])
  })

  it('cannot be where the previous box has no area', () => {
    expect(() => boxInFrame([0.5, 0.5, 0.5, 0.5], [10, 10, 0, 5], 64, 2)).toThrow('no area')
  })
})

describe('a box at the edge', () => {
  it('is cut to the frame', () => {
    expect(clipBox([-5, 20, 30, 40], frame)).toEqual([0, 20, 25, 40])
    expect(clipBox([180, 90, 30, 30], frame)).toEqual([180, 90, 20, 10])
  })

  it('keeps 10 pixels inside, also where it lies outside or is smaller', () => {
    expect(clipBox([-50, -50, 20, 20], frame)).toEqual([0, 0, 10, 10])
    expect(clipBox([500, 500, 20, 20], frame)).toEqual([190, 90, 10, 10])
    expect(clipBox([50, 50, 2, 30], frame)).toEqual([50, 50, 10, 30])
  })

  it('never has fewer than 10 pixels, and begins where 10 remain', () => {
    const place = fc.double({ min: -1000, max: 1000, noNaN: true })
    const length = fc.double({ min: 0, max: 1000, noNaN: true })
    fc.assert(
      fc.property(place, place, length, length, (x, y, w, h) => {
        const [left, top, width, height] = clipBox([x, y, w, h], frame)
        expect(Math.min(left, top)).toBeGreaterThanOrEqual(0)
        expect(left).toBeLessThanOrEqual(190)
        expect(top).toBeLessThanOrEqual(90)
        expect(Math.min(width, height)).toBeGreaterThanOrEqual(10)
        expect(width).toBeLessThanOrEqual(200)
        expect(height).toBeLessThanOrEqual(100)
      })
    )
  })
})
