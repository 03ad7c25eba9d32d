import { describe, expect, it } from 'vitest'
import { meanFidelity, middleFidelity } from '../../../eval/vfi/fidelity.ts'
import { toFrame } from '../../../models/dqbc/frame.ts'

const pictureOf = (width: number, height: number, value: (i: number) => number) => ({
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => value(i)),
  width,
  height
})
const flat = (value: number) => pictureOf(20, 16, () => value)

describe('a middle frame', () => {
  it('that is the true one is endlessly close', () => {
    const truth = pictureOf(20, 16, i => (7 * i) % 256)
    const { psnr, ssim, ie } = middleFidelity(truth, toFrame(truth))
    expect([psnr, ie]).toEqual([Infinity, 0])
    expect(ssim).toBeCloseTo(1, 12)
  })

  it('that is off by the same everywhere is off by that, of 255', () => {
    const { psnr, ie } = middleFidelity(flat(100), toFrame(flat(151)))
    expect(psnr).toBeCloseTo(20 * Math.log10(5), 12)
    expect(ie).toBe(51)
  })

  it('is rounded to steps of 1 / 255, and beyond 0..1 only SSIM sees it', () => {
    const near = toFrame(flat(100))
    near.data.fill(100.4 / 255)
    expect(middleFidelity(flat(100), near)).toMatchObject({ psnr: Infinity, ie: 0 })
    const white = toFrame(flat(255))
    white.data.fill(1.5)
    const over = middleFidelity(flat(255), white)
    expect(over).toMatchObject({ psnr: Infinity, ie: 0 })
    const [m, n] = [1, 382 / 255]
    expect(over.ssim).toBeCloseTo((2 * m * n + 1e-4) / (m * m + n * n + 1e-4), 3)
  })

  it('may be smaller than SSIM’s window', () => {
    const truth = pictureOf(5, 4, i => 4 * i)
    expect(middleFidelity(truth, toFrame(truth)).ssim).toBeCloseTo(1, 12)
  })
})

it('a data set’s figures are the plain means', () => {
  expect(
    meanFidelity([
      { psnr: 30, ssim: 0.9, ie: 2 },
      { psnr: 40, ssim: 0.7, ie: 4 }
    ])
  ).toEqual({ psnr: 35, ssim: 0.8, ie: 3 })
})
