import { describe, expect, it } from 'vitest'
import { fidelity, luma, rgb, roundedLuma } from '../../../eval/sr/fidelity.ts'
import { cropped, evaluateEnlarging, isMeasurable, meanOf } from '../../../eval/sr/protocol.ts'

type Rgb = [number, number, number]

const pictureOf = (width: number, height: number, at: (x: number, y: number) => Rgb) => ({
  data: Uint8Array.from(
    Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))).flat()
  ),
  width,
  height
})
const flat = (...colour: Rgb) => pictureOf(16, 16, () => colour)

describe('Y', () => {
  it.each([
    ['black', [0, 0, 0], 16],
    ['white', [255, 255, 255], 235],
    ['red', [255, 0, 0], 81.481]
  ] as [string, Rgb, number][])('of %s', (_, colour, expected) => {
    expect(luma(flat(...colour), 0)[0].values[0]).toBeCloseTo(expected, 4)
    expect(roundedLuma(flat(...colour), 0)[0].values[0]).toBe(Math.round(expected))
  })

  it('is taken without the border', () => {
    const framed = pictureOf(8, 6, (x, y) => (x < 2 || x > 5 || y < 2 || y > 3 ? [255, 255, 255] : [0, 0, 0]))
    const [plane] = luma(framed, 2)
    expect([plane.width, plane.height]).toEqual([4, 2])
    expect(new Set(plane.values)).toEqual(new Set([16]))
  })
})

describe('fidelity', () => {
  it('of a picture to itself is endless, and 1', () => {
    const picture = pictureOf(16, 16, (x, y) => [16 * x, 16 * y, 8 * (x + y)])
    const { psnr, ssim } = fidelity(picture, picture, 2, luma)
    expect(psnr).toBe(Infinity)
    expect(ssim).toBeCloseTo(1, 12)
  })

  it('is the range over the root of the mean square, of all three channels together', () => {
    const black = flat(0, 0, 0)
    expect(fidelity(black, flat(51, 51, 51), 0, rgb).psnr).toBeCloseTo(20 * Math.log10(5), 12)
    expect(fidelity(black, flat(0, 51, 0), 0, rgb).psnr).toBeCloseTo(
      20 * Math.log10(5) + 10 * Math.log10(3),
      12
    )
  })

  it('of two flat pictures says how far their means are apart', () => {
    const [m, n] = [100, 120]
    const c1 = 6.5025
    const expected = (2 * m * n + c1) / (m * m + n * n + c1)
    expect(fidelity(flat(m, m, m), flat(n, n, n), 0, rgb).ssim).toBeCloseTo(expected, 12)
  })
})

describe('the protocol', () => {
  it('cuts sides to a multiple of the factor, at the right and the lower end', () => {
    const { data, ...size } = cropped(
      pictureOf(5, 4, (x, y) => [x, y, 0]),
      3
    )
    expect(size).toEqual({ width: 3, height: 3 })
    expect([...data]).toEqual([0, 1, 2].flatMap(y => [0, 1, 2].flatMap(x => [x, y, 0])))
  })

  it('gives what enlarges the low resolution only, and measures what comes back', async () => {
    const picture = pictureOf(41, 30, (x, y) => [6 * x, 8 * y, 0])
    const { psnr } = await evaluateEnlarging(picture, 2, luma, (low, factor) => {
      expect([low.width, low.height, factor]).toEqual([20, 15, 2])
      return cropped(picture, 2)
    })
    expect(psnr).toBe(Infinity)
  })

  it('needs room for a window of eleven pixels within the border', () => {
    expect(isMeasurable({ width: 100, height: 16 }, 2)).toBe(true)
    expect(isMeasurable({ width: 15, height: 100 }, 2)).toBe(false)
    expect(isMeasurable({ width: 19, height: 19 }, 4)).toBe(false)
  })

  it('takes the plain mean of pictures', () => {
    expect(
      meanOf([
        { psnr: 30, ssim: 0.9 },
        { psnr: 40, ssim: 0.7 }
      ])
    ).toEqual({ psnr: 35, ssim: 0.8 })
  })
})
