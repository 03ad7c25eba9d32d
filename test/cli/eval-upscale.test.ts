import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../e2e/cli.ts'
import { describeShared, shared } from '../shared.ts'
import { evaluate } from './evaluate.ts'

const evaluateUpscale = (...args: string[]) => evaluate('upscale', '--baseline', 'bicubic', ...args)

/** A folder with one picture of noise. */
const dataSet = async (side: number, folder = temporaryFolder()) => {
  const noise = { mean: 128, sigma: 30, type: 'gaussian' as const }
  await sharp({ create: { width: side, height: side, channels: 3, background: 'black', noise } })
    .png()
    .toFile(path.join(folder, 'noise.png'))
  return folder
}

describeShared('clipmill eval upscale', () => {
  it('gives the published figures of bicubic on Set5', async () => {
    const [head, ...rows] = (await evaluateUpscale('--data', shared('media/sr/Set5'))).trimEnd().split('\n')
    expect(head.trim().split(/ {2,}/)).toEqual(['x2 PSNR', 'SSIM', 'x3 PSNR', 'SSIM', 'x4 PSNR', 'SSIM'])
    expect(rows.map(row => row.split(/ +/)[0])).toEqual([
      'baby',
      'bird',
      'butterfly',
      'head',
      'woman',
      'MEAN'
    ])
    expect(rows.at(-1)!.split(/ +/)).toEqual([
      'MEAN',
      '33.67',
      '0.9303',
      '30.40',
      '0.8689',
      '28.43',
      '0.8111'
    ])
  })

  it('gives those of MATLAB scripts, and all digits as JSON', async () => {
    const args = ['--data', shared('media/sr/Set5'), '--scale', '4', '--rounded-luma', '--json']
    expect(JSON.parse(await evaluateUpscale(...args))).toMatchObject({
      baseline: 'bicubic',
      luma: 'rounded',
      scales: {
        4: {
          pictures: { baby: { psnr: expect.closeTo(31.770731005, 8) as number } },
          mean: {
            psnr: expect.closeTo(28.416453088, 8) as number,
            ssim: expect.closeTo(0.8100836, 6) as number
          }
        }
      }
    })
  })
})

describe('clipmill eval upscale', () => {
  it('measures the pictures of a folder, or of HR in it', async () => {
    const folder = await dataSet(48)
    const alone = await evaluateUpscale('--data', folder, '--scale', '2,8')
    expect(alone.split('\n')[1]).toMatch(/^noise +\d+\.\d\d +0\.\d{4} +\d+\.\d\d +0\.\d{4}$/)
    const whole = temporaryFolder()
    mkdirSync(path.join(whole, 'HR'))
    copyFileSync(path.join(folder, 'noise.png'), path.join(whole, 'HR/noise.png'))
    await dataSet(20, whole)
    expect(await evaluateUpscale('--data', whole, '--scale', '2,8')).toBe(alone)
  })

  it.each([
    ['a factor of 1', '1'],
    ['a factor between', '2.5'],
    ['no number', '2,x']
  ])('refuses %s', async (_, scale) => {
    const args = ['--data', '.', '--scale', scale]
    await expect(evaluateUpscale(...args)).rejects.toMatchObject({ code: 'commander.invalidArgument' })
  })

  it('misses folders and pictures', async () => {
    await expect(evaluateUpscale('--data', '/no/such')).rejects.toThrow('there is no folder /no/such')
    await expect(evaluateUpscale('--data', temporaryFolder())).rejects.toMatchObject({
      code: 'pictures-missing'
    })
  })

  it('refuses pictures that are too small, or none', async () => {
    const folder = await dataSet(18)
    await expect(evaluateUpscale('--data', folder)).rejects.toMatchObject({
      code: 'picture-unsuitable',
      details: { problem: '18 x 18 pixels are too few to be measured at x4' }
    })
    const file = path.join(folder, 'noise.png')
    writeFileSync(file, readFileSync(file).subarray(0, 40))
    await expect(evaluateUpscale('--data', folder)).rejects.toMatchObject({
      code: 'picture-unsuitable',
      details: { file }
    })
  })
})
