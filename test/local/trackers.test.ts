import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
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
import { graphsOf, parametersOf } from '../../models/catalogue/systems.ts'
import { compare, goldenStage, input1 } from '../../models/golden/index.ts'
import type { TensorData } from '../../models/graph/index.ts'
import { writeTracker } from '../models/weights/write-tracker.ts'
import { describeShared, shared } from '../shared.ts'

const trusting = { acceptUnpinned: true }
const parametersNamed = (name: string) => parametersOf(graphsOf(weightsNamed(name)))

/** Of everything that follows, so that the large files are written once. */
let folder: string
const at = (name: string) => path.join(folder, name)
const store = () => openWeights(at('weights'))
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'clipmill-trackers-'))
  for (const name of ['mixformerv2-s', 'romtrack-tiny-256'])
    writeTracker(at(`${name}.pth.tar`), parametersNamed(name))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const built = async (name: string) => {
  await ensureModels(at('models'), [name], store())
  return path.join(at('models'), (await builtDigest(at('models'), name))!)
}

describe('weights of trackers', () => {
  it('say what a person does to get them, since no program can', async () => {
    await expect(ensureModels(at('models'), ['romtrack-base-256'], store())).rejects.toMatchObject({
      code: 'weights-missing',
      next: expect.stringMatching(
        /^Google Drive .*1Q7CpNIhWX05VU7gECnhePu3dKzTV_VoK and download ROMTrack_epoch0100\.pth\.tar; .*clipmill models import romtrack-base-256 FILE --accept-unpinned$/
      ) as string
    })
  })

  it.each([
    ['mixformerv2-s', ['template', 'search']],
    ['romtrack-tiny-256', ['template', 'frame']]
  ])('%s comes in the authors’ layout and becomes %j with one file of weights', async (name, graphs) => {
    const weights = weightsNamed(name)
    const file = at(`${name}.pth.tar`)
    await expect(importWeights(store(), weights, file, { acceptUnpinned: false })).rejects.toMatchObject({
      code: 'weights-unpinned'
    })
    const { sha256, bytes } = await importWeights(store(), weights, file, trusting)
    const model = await built(name)
    const files = [...graphs.map(graph => `${graph}.onnx`), 'model.weights', 'manifest.json']
    expect((await readdir(model)).toSorted()).toEqual(files.toSorted())
    const models = openModels(at('models'))
    const record = await models.describe(path.basename(model))
    const { system, variant } = weights
    expect(record).toMatchObject({ model: name, system, variant, graphs, weights: { sha256 } })
    expect(models.find(name)).toMatchObject({ system, variant })
    expect(await digestOf(model)).toBe(record.digest)
    // What both graphs need is there once; each tensor takes up to a page more than in the checkpoint.
    const size = (await stat(path.join(model, 'model.weights'))).size
    expect(size / bytes).toBeLessThan(1 + (4096 * parametersNamed(name).length) / bytes)
  })

  it('another network is refused by its name', async () => {
    for (const [name, file, is] of [
      ['mixformerv2-b', 'mixformerv2-s', 'mixformerv2 s'],
      ['mixformerv2-s', 'romtrack-tiny-256', 'romtrack tiny-256'],
      ['romtrack-base-256', 'romtrack-tiny-256', 'romtrack tiny-256']
    ])
      await expect(
        importWeights(store(), weightsNamed(name), at(`${file}.pth.tar`), trusting)
      ).rejects.toMatchObject({ code: 'weights-mismatch', details: { is } })
  })

  it('ROMTrack’s also come as a state dict with nothing around it; a counter of batches may be missing', async () => {
    const parameters = parametersNamed('romtrack-tiny-256')
    const file = at('bare.pth')
    writeTracker(
      file,
      parameters.filter(({ name }) => !name.endsWith('num_batches_tracked')),
      { bare: true }
    )
    const licence = { code: 'MIT', weights: 'ours', data: 'ours' }
    await importOwnWeights(store(), 'mine', file, { system: 'romtrack', variant: 'tiny-256', licence })
    expect((await store().known()).at(-1)).toMatchObject({ name: 'mine', system: 'romtrack', licence })
    expect(await store().present()).toContain('mine')
    await rm(file)
  })
})

describeShared('trackers that are imported', () => {
  const pictureOf = (name: string, side: number): TensorData => input1(name, [1, 3, side, side])
  const golden = async <T>(file: string) => JSON.parse(await readFile(shared(`golden/${file}`), 'utf8')) as T
  type Stages = Record<string, unknown>

  it('in either container, what the network has not is listed', async () => {
    for (const container of ['zip', 'legacy'])
      await expect(
        importWeights(
          store(),
          weightsNamed('mixformerv2-s'),
          shared(`weights/fixtures/tracker-${container}.pth.tar`),
          trusting
        )
      ).rejects.toMatchObject({
        code: 'weights-mismatch',
        details: { is: undefined, unused: expect.arrayContaining(['net.conv.weight']) as string[] }
      })
  })

  it('MixFormerV2 finds what the authors’ code finds', async () => {
    await importWeights(store(), weightsNamed('mixformerv2-s'), at('mixformerv2-s.pth.tar'), trusting)
    const model = await built('mixformerv2-s')
    await using template = await openSession(model, { graph: 'template' })
    await using search = await openSession(model, { graph: 'search' })
    const templates = {
      template: pictureOf('template', 112),
      online_template: pictureOf('online_template', 112)
    }
    const { memory } = await template.run(templates)
    const found = await search.run({ search: pictureOf('search', 224), memory })
    const { outputs } = await golden<{ outputs: Stages }>('mixformerv2/mixformerv2-s.json')
    for (const name of ['pred_boxes', 'score_sigmoid'])
      expect(compare(name, goldenStage.parse(outputs[name]), found[name])).toMatchObject({ ok: true })
  })

  it('ROMTrack finds what the authors’ code finds', async () => {
    await importWeights(store(), weightsNamed('romtrack-tiny-256'), at('romtrack-tiny-256.pth.tar'), trusting)
    const model = await built('romtrack-tiny-256')
    await using template = await openSession(model, { graph: 'template' })
    await using frame = await openSession(model, { graph: 'frame' })
    const begun = await template.run({ template: pictureOf('template', 128) })
    const found = await frame.run({
      ...begun,
      variation: structuredClone(begun.inherent),
      search: pictureOf('search-0', 256)
    })
    const { frames } = await golden<{ frames: Stages[] }>('romtrack/romtrack-tiny-256.json')
    for (const name of ['score', 'size', 'offset'])
      expect(compare(name, goldenStage.parse(frames[0][`${name}_map`]), found[name])).toMatchObject({
        ok: true
      })
  })

  it('the bits are the same with any number of threads, so that work goes on on another machine', async () => {
    await importWeights(store(), weightsNamed('mixformerv2-s'), at('mixformerv2-s.pth.tar'), trusting)
    const model = await built('mixformerv2-s')
    const found = []
    for (const threads of [1, 2, 4]) {
      await using template = await openSession(model, { graph: 'template', threads })
      await using search = await openSession(model, { graph: 'search', threads })
      const pictures = {
        template: pictureOf('template', 112),
        online_template: pictureOf('online_template', 112)
      }
      const { memory } = await template.run(pictures)
      const remembered = memory.data.slice()
      found.push({ remembered, ...(await search.run({ search: pictureOf('search', 224), memory })) })
    }
    expect(found[1]).toEqual(found[0])
    expect(found[2]).toEqual(found[0])
  })
})
