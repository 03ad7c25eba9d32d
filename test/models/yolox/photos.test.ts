import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { simplify, writeModel } from '../../../models/graph/index.ts'
import { bindWeights } from '../../../models/weights/bind.ts'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { yoloxPhotos, type Photos } from '../../../models/yolox/golden-steps.ts'
import { buildYolox } from '../../../models/yolox/network.ts'
import { yoloxVariants } from '../../../models/yolox/variants.ts'
import { runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { checkStages } from './steps.ts'

/** Where the checkpoints that the golden files name are to be found; the older generation's is not at hand. */
const checkpoints: Record<string, { file: string; classes: number }> = {
  'yolox_nano.onnx': { file: 'weights/yolox-nano/yolox_nano_from_onnx.pth', classes: 80 },
  'yolox_nano_person.pth': { file: 'weights/clipmill-person-nano/yolox_nano_person.pth', classes: 1 }
}
const folders = ['weights/yolox-nano', 'media/mot/pets09-s2l1/img1']

describeShared('real photos through the whole detector', () => {
  let folder: string
  beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'yolox-'))))
  afterAll(() => rm(folder, { recursive: true }))

  const photos: Photos = {
    photo: async name => {
      const file = folders.map(at => shared(`${at}/${name}`)).find(at => existsSync(at))
      if (!file) return undefined
      const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
      return { data, width: info.width, height: info.height }
    },
    detect: async (weights, data, { width, height }) => {
      const known = checkpoints[weights]
      if (!known) return undefined
      const directory = path.join(folder, weights)
      if (!existsSync(directory)) {
        using checkpoint = openCheckpoint(shared(known.file))
        const graph = buildYolox(yoloxVariants.nano, { classes: known.classes })
        const values = bindWeights(graph.parameters, checkpoint, 'yolox nano')
        await writeModel(simplify(graph), values, directory)
      }
      const image = { dtype: 'float32' as const, shape: [1, 3, height, width], data }
      return (await runOnnx(directory, { image })).decoded.data as Float32Array
    }
  }

  it.each([
    { file: 'nano-real-dog', skipped: 2, compared: 2 * 8 },
    { file: 'person-nano-real', skipped: 0, compared: 6 * (2 + 2 * 24 + 3) }
  ])('$file', async ({ file, skipped, compared }) => {
    const result = await checkStages(yoloxPhotos(photos), shared(`golden/yolox/${file}.json`))
    expect(result.missed).toEqual([])
    expect(result.skipped).toHaveLength(skipped)
    expect(result.compared).toBe(compared + 2 * skipped)
  })
})
