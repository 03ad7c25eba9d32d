import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cropSquare, writeCrop, type Square } from '../../../models/sot/crop.ts'
import { sotCropSteps } from '../../../models/sot/golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { checkStages } from '../yolox/steps.ts'

/** What a byte of red becomes. */
const red = (byte: number) =>
  Math.fround(Math.fround(Math.fround(byte / 255) - Math.fround(0.485)) / Math.fround(0.229))

/** The crop's red plane. */
const reds = (
  picture: { data: Uint8Array; width: number; height: number },
  square: Square,
  output: number
) => {
  const out = new Float32Array(3 * output * output).fill(NaN)
  writeCrop(picture, square, output, out)
  expect(out.some(Number.isNaN)).toBe(false)
  return [...out.subarray(0, output * output)]
}

/** 4 x 3 pixels, whose red is 10 x + 100 y. */
const picture = {
  data: Uint8Array.from({ length: 36 }, (_, i) => 10 * (Math.floor(i / 3) % 4) + 100 * Math.floor(i / 12)),
  width: 4,
  height: 3
}

describe('the square of a crop', () => {
  it.each([
    { what: 'around the box', box: [60, 40, 30, 24], factor: 2, square: [48, 25, 54] },
    { what: 'rounded half to even', box: [11, 13, 15, 15], factor: 2, square: [4, 6, 30] },
    { what: 'beyond the picture', box: [-6, 50, 24, 20], factor: 4.5, square: [-44, 10, 99] },
    { what: 'of a box of less than a pixel', box: [80.5, 60.5, 0.6, 0.3], factor: 2, square: [80, 60, 1] }
  ])('is $what', ({ box, factor, square: [left, top, side] }) => {
    expect(cropSquare(box as never, factor)).toEqual({ left, top, side })
  })

  it.each([[[5, 5, 0, 10]], [[5, 5, -3, 10]], [[5, 5, NaN, 10]]])('cannot be made of %j', box => {
    expect(() => cropSquare(box as never, 2)).toThrow('has no area')
  })
})

describe('a crop', () => {
  it('shows what is there, as it is where nothing is to be resized', () => {
    expect(reds(picture, { left: 1, top: 0, side: 2 }, 2)).toEqual([10, 20, 110, 120].map(red))
  })

  it('is black around the picture, the last column and row of which are black too', () => {
    expect(reds(picture, { left: 2, top: 1, side: 2 }, 2)).toEqual([120, 0, 0, 0].map(red))
    expect(reds(picture, { left: -1, top: -1, side: 2 }, 2)).toEqual([0, 0, 0, 0].map(red))
    expect(reds(picture, { left: 0, top: -1, side: 2 }, 2)).toEqual([0, 0, 0, 10].map(red))
  })

  it('blends the picture’s edge with the black around it', () => {
    // Halved, each pixel is the mean of four: of 0, 0, 0, 0 above left and 0, 10, 100, 110 below right.
    expect(reds(picture, { left: -2, top: -2, side: 4 }, 2)).toEqual([0, 0, 0, 55].map(red))
  })

  it.each([
    ['far to the left', { left: -5000, top: 0, side: 20 }],
    ['far below', { left: 0, top: 1e6, side: 20 }],
    ['so large that the picture is lost in it', { left: -5e9, top: -5e9, side: 1e10 }]
  ])('is black where the square is %s', (_, square) => {
    expect(new Set(reds(picture, square, 8))).toEqual(new Set([red(0)]))
  })

  it('holds no value that the picture does not suggest, whatever the box', () => {
    const place = fc.double({ min: -200, max: 200, noNaN: true })
    const length = fc.double({ min: 0.01, max: 300, noNaN: true })
    const level = new Uint8Array(36).fill(200)
    fc.assert(
      fc.property(place, place, length, length, (x, y, w, h) => {
        const values = reds({ ...picture, data: level }, cropSquare([x, y, w, h], 2), 9)
        expect(values.every(v => v >= red(0) && v <= red(200))).toBe(true)
      })
    )
  })

  it('is refused of a picture of another size', () => {
    const square = { left: 0, top: 0, side: 2 }
    const write = (data: Uint8Array, out: number) => () => {
      writeCrop({ ...picture, data }, square, 2, new Float32Array(out))
    }
    expect(write(new Uint8Array(35), 12)).toThrow('35 bytes')
    expect(write(picture.data, 11)).toThrow('11 values')
  })
})

describeShared('the authors’ crops', () => {
  it('are ours, bit for bit', async () => {
    const stages = await checkStages(sotCropSteps, shared('golden/sot-crop/crop.json'))
    expect(stages.missed).toEqual([])
    expect(stages.skipped).toEqual(['training_coordinates'])
    expect(stages.compared).toBe(3 * 72 + 2 * 12 + 2 + 3)
  })
})
