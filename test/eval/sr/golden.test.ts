import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { fidelityGolden, set5Golden } from '../../../eval/sr/golden.ts'
import { decodePicture } from '../../../layers/inference/picture.ts'
import { readGolden } from '../../../models/golden/index.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

const read = async (file: string) => decodePicture(await readFile(shared(`media/sr/Set5/${file}`)))
const set5 = {
  picture: (name: string) => read(`HR/${name}.png`),
  low: (name: string, factor: number) => read(`LR_bicubic/X${factor}/${name}x${factor}.png`)
}

describeShared('the official tool’s PSNR and SSIM, and MATLAB’s resizing', () => {
  it('are ours', async () => {
    const golden = await readGolden(shared('golden/metric-sr.json'))
    expect(fidelityGolden.accepts(golden)).toBe(true)
    const stages = await Array.fromAsync(fidelityGolden.check(golden, runOnnx))
    expect(stages).toHaveLength(2 + 3 * 4 + 7 * 5)
    expect(failures(stages)).toEqual([])
  })

  it('are missed where one is another, or not there', async () => {
    const golden = await readGolden(shared('golden/metric-sr.json'))
    const other = {
      ...golden,
      crop_2: { ...(golden.crop_2 as object), ssim_rgb: 0.9395283 },
      crop_4: { psnr_y: 39.5 }
    }
    expect(failures(await Array.fromAsync(fidelityGolden.check(other, runOnnx)))).toMatchObject([
      { stage: 'crop_2 ssim_rgb' },
      { stage: 'crop_4', problem: 'it has not the figures that are expected' }
    ])
  })

  it('of bicubic on Set5 are ours, and its published low resolution, in every value', async () => {
    const golden = await readGolden(shared('golden/metric-sr-set5-bicubic.json'))
    const form = set5Golden(set5)
    expect(form.accepts(golden)).toBe(true)
    const stages = await Array.fromAsync(form.check(golden, runOnnx))
    expect(stages).toHaveLength(15 * 6 + 3 * 4)
    expect(failures(stages)).toEqual([])
  })

  it('of pictures that are not there are not measured, and said to be so', async () => {
    const golden = await readGolden(shared('golden/metric-sr-set5-bicubic.json'))
    const stages = await Array.fromAsync(set5Golden().check(golden, runOnnx))
    expect(stages).toHaveLength(18)
    expect(stages).toContainEqual({ stage: 'bird_x3', skipped: 'needs bird of Set5' })
    expect(stages).toContainEqual({ stage: 'mean_x3', skipped: 'needs the pictures of Set5' })
  })
})
