import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openModels } from '../../layers/models/index.ts'
import { ensureModels, removeModel } from '../../local/models.ts'
import { buildModel } from '../../models/catalogue/build.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { yoloxWeights } from '../../models/catalogue/yolox.ts'
import { importOwnWeights } from '../../local/weights-get.ts'
import { openWeights } from '../../local/weights.ts'

const name = 'clipmill-person-nano'
const person = yoloxWeights.find(weights => weights.name === name)!
const shipped = (await openWeights('nowhere').find(weightsNamed(name)))!
const temporaryFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-models-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

it('builds a model once, under its digest, with a manifest that says where its weights are from', async () => {
  const folder = await temporaryFolder()
  await ensureModels(folder, [name])
  const models = openModels(folder)
  const digest = models.digest(name)
  expect((await readdir(await models.directory(digest))).toSorted()).toEqual([
    'manifest.json',
    'model.onnx',
    'model.weights'
  ])
  expect(await models.describe(digest)).toMatchObject({
    model: name,
    variant: 'nano',
    digest,
    weights: { sha256: weightsNamed(name).file.sha256, licence: { weights: 'Apache-2.0' } },
    detector: weightsNamed(name).detector
  })

  const built = await stat(await models.directory(digest))
  await ensureModels(folder, [name])
  expect((await stat(await models.directory(digest))).ctimeMs).toBe(built.ctimeMs)
})

it('keeps what another process has built meanwhile, and removes only what was abandoned long ago', async () => {
  const folder = await temporaryFolder()
  const [old, young] = ['building-old', 'building-young'].map(at => path.join(folder, at))
  await mkdir(old)
  await mkdir(young)
  await utimes(old, new Date(), new Date(Date.now() - 2 * 3_600_000))
  const build = () => buildModel(weightsNamed(name), shipped, folder)
  const [digest, same] = await Promise.all([build(), build()])
  expect(same).toBe(digest)
  const built = await stat(path.join(folder, digest))
  expect(await build()).toBe(digest)
  expect((await stat(path.join(folder, digest))).ino).toBe(built.ino)
  expect((await readdir(folder)).toSorted()).toEqual([digest, 'building-young'].toSorted())
})

it('knows the models of all who build at the same time', async () => {
  const folder = await temporaryFolder()
  const store = openWeights(path.join(folder, 'weights'))
  const { system, variant, detector, licence } = person
  const own = { system, variant, detector, licence }
  const names = ['one', 'two', 'three', 'four']
  for (const mine of names) await importOwnWeights(store, mine, shipped.path, own)
  const built = path.join(folder, 'built')
  await Promise.all(names.map(mine => ensureModels(built, [mine], store)))
  expect(() => names.map(openModels(built).digest)).not.toThrow()
})

it('removes a model with the last name that means it, and says what that set free', async () => {
  const folder = await temporaryFolder()
  await ensureModels(folder, [name])
  const directory = await openModels(folder).directory(openModels(folder).digest(name))
  await cp(path.join(folder, 'names', `${name}.json`), path.join(folder, 'names/twin.json'))
  expect(await removeModel(folder, name)).toBe(0)
  expect(await openModels(folder).directory(openModels(folder).digest('twin'))).toBe(directory)
  expect(await removeModel(folder, 'twin')).toBeGreaterThan(shipped.bytes)
  await expect(stat(directory)).rejects.toMatchObject({ code: 'ENOENT' })
})

it('builds again what has gone from its folder', async () => {
  const folder = await temporaryFolder()
  await ensureModels(folder, [name])
  const directory = await openModels(folder).directory(openModels(folder).digest(name))
  await rm(directory, { recursive: true })
  await ensureModels(folder, [name])
  expect(await readdir(directory)).toContain('model.onnx')
})

it('weights with another pre-processing are another model', async () => {
  const folder = await temporaryFolder()
  const other = { ...person, detector: { ...person.detector, preprocessing: 'mot' as const } }
  const digests = [await buildModel(person, shipped, folder), await buildModel(other, shipped, folder)]
  expect(new Set(digests).size).toBe(2)
  const models = openModels(folder)
  const described = await Promise.all(digests.map(digest => models.describe(digest)))
  expect(described.map(({ detector }) => detector!.preprocessing)).toEqual(['new', 'mot'])
})

it('says what is missing, and the one command that gets it', async () => {
  const folder = await temporaryFolder()
  const store = openWeights(path.join(folder, 'weights'))
  await expect(ensureModels(folder, ['yolox-nano'], store)).rejects.toMatchObject({
    code: 'weights-missing',
    next: 'get them with: clipmill models pull yolox-nano',
    details: { bytes: 7_694_953, licence: { weights: 'Apache-2.0' } }
  })
})

it('gives the same digest wherever it is built', async () => {
  const [one, other] = [await temporaryFolder(), await temporaryFolder()]
  await ensureModels(one, [name])
  await ensureModels(other, [name])
  expect(openModels(one).digest(name)).toBe(openModels(other).digest(name))
})

it('refuses a file that is not the one that the catalogue names, and leaves nothing', async () => {
  const folder = await temporaryFolder()
  const file = path.join(folder, 'weights.safetensors')
  await cp(shipped.path, file)
  const bytes = await readFile(file)
  bytes[bytes.length - 1] ^= 1
  await writeFile(file, bytes)
  await expect(buildModel(weightsNamed(name), { ...shipped, path: file }, folder)).rejects.toMatchObject({
    code: 'weights-changed'
  })
  expect(await readdir(folder)).toEqual(['weights.safetensors'])
})

it('a model that is not built is answered with those that are', async () => {
  const folder = await temporaryFolder()
  await ensureModels(folder, [name])
  expect(() => openModels(folder).digest('yolox-huge')).toThrow(
    expect.objectContaining({ code: 'model-not-built', details: { model: 'yolox-huge', built: [name] } })
  )
})
