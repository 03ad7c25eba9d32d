import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSession } from '../../layers/inference/session.ts'
import { digestOf } from '../../layers/models/digest.ts'
import { openModels } from '../../layers/models/index.ts'
import { builtDigest, ensureModels } from '../../local/models.ts'
import { importOwnWeights, importWeights } from '../../local/weights-get.ts'
import { openWeights } from '../../local/weights.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { fits, graphsOf, parametersOf } from '../../models/catalogue/systems.ts'
import { toFrame } from '../../models/dqbc/frame.ts'
import { interpolator } from '../../models/dqbc/interpolate.ts'
import { writeTracker } from '../models/weights/write-tracker.ts'

const licence = { code: 'MIT', weights: 'ours', data: 'ours' }
const light = fits.maxsr.parse({ system: 'maxsr', variant: 'maxsr-light-x2' })

let folder: string
const at = (name: string) => path.join(folder, name)
const store = () => openWeights(at('weights'))
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'clipmill-enhancers-'))
  writeTracker(at('510000.pth'), parametersOf(graphsOf(weightsNamed('dqbc'))), {
    bare: true,
    prefix: 'module.'
  })
  writeTracker(at('light.pth'), parametersOf(graphsOf(light)), { bare: true })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const built = async (name: string) => {
  await ensureModels(at('models'), [name], store())
  const model = path.join(at('models'), (await builtDigest(at('models'), name))!)
  const record = await openModels(at('models')).describe(path.basename(model))
  expect(await digestOf(model)).toBe(record.digest)
  return { model, record }
}

describe('weights of DQBC', () => {
  it('say what a person does to get them, since no program can', async () => {
    await expect(ensureModels(at('models'), ['dqbc'], store())).rejects.toMatchObject({
      code: 'weights-missing',
      next: expect.stringMatching(
        /^Google Drive .*1_cCLh5Tz6aRjde6-siesXOP3iBju3Fa4\/view and download 510000\.pth; .*clipmill models import dqbc FILE --accept-unpinned$/
      ) as string
    })
  })

  it('come in the authors’ layout and become five graphs that give memory back, for any size', async () => {
    await importWeights(store(), weightsNamed('dqbc'), at('510000.pth'), { acceptUnpinned: true })
    const { model, record } = await built('dqbc')
    const graphs = ['features', 'context', 'motion', 'refine', 'synthesise']
    expect(record).toMatchObject({ model: 'dqbc', system: 'dqbc', variant: 'dqbc', graphs, arena: false })
    const files = [...graphs.map(graph => `${graph}.onnx`), 'model.weights', 'manifest.json']
    expect((await readdir(model)).toSorted()).toEqual(files.toSorted())

    await using sessions = new AsyncDisposableStack()
    const opened = new Map(
      await Promise.all(
        graphs.map(async graph => [graph, sessions.use(await openSession(model, { graph }))] as const)
      )
    )
    const { encode, middle } = interpolator((feeds, graph) => opened.get(graph)!.run(feeds))
    for (const [width, height] of [
      [70, 50],
      [130, 64]
    ] as const) {
      const frame = (value: number) =>
        encode(toFrame({ data: new Uint8Array(3 * width * height).fill(value), width, height }))
      const { shape, data } = await middle(frame(60), frame(70))
      expect(shape).toEqual([1, 3, height, width])
      expect(data.every(Number.isFinite)).toBe(true)
    }
  })

  it('can be stored in half the size', async () => {
    const { model, record } = await built('dqbc@float16')
    expect(record).toMatchObject({ model: 'dqbc@float16', arena: false })
    await using session = await openSession(model, { graph: 'features' })
    const frame = { dtype: 'float32', shape: [1, 3, 64, 64], data: new Float32Array(3 * 64 * 64) } as const
    expect((await session.run({ frame })).features.shape).toEqual([1, 128, 8, 8])
  })
})

describe('weights of MaxSR', () => {
  it('are a user’s own, and become a graph of one size', async () => {
    await importOwnWeights(store(), 'mine', at('light.pth'), { ...light, licence })
    const { model, record } = await built('mine')
    expect(record).toMatchObject({ system: 'maxsr', variant: 'maxsr-light-x2', graphs: ['model'] })
    expect(record.arena).toBeUndefined()
    await using session = await openSession(model)
    const lr = { dtype: 'float32', shape: [1, 3, 144, 144], data: new Float32Array(3 * 144 ** 2) } as const
    expect((await session.run({ lr })).sr.shape).toEqual([1, 3, 288, 288])
  })

  it('of another network or factor are refused by its name', async () => {
    for (const [own, file, is] of [
      [fits.maxsr.parse({ system: 'maxsr', variant: 'maxsr-light-x4' }), 'light.pth', 'maxsr maxsr-light-x2'],
      [light, '510000.pth', 'dqbc dqbc']
    ] as const)
      await expect(importOwnWeights(store(), 'other', at(file), { ...own, licence })).rejects.toMatchObject({
        code: 'weights-mismatch',
        details: { is }
      })
  })
})
