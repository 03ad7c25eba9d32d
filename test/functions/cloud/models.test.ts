import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { storedFiles, withStored } from '../../../functions/cloud/models.ts'
import { openModels } from '../../../layers/models/index.ts'
import { builtDigest, ensureModels } from '../../../local/models.ts'
import { makeWorld } from '../world.ts'

const name = 'clipmill-person-nano'

/** A world with a built model of which only the model store knows. */
const stored = async (change: (file: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes) => {
  const { context } = await makeWorld()
  const built = path.join(context.scratch, 'built')
  await mkdir(built)
  await ensureModels(built, [name])
  const digest = (await builtDigest(built, name))!
  for (const { name: file, key } of storedFiles(digest, await readdir(path.join(built, digest))))
    await context.results.put(key, change(file, await readFile(path.join(built, digest, file))), {
      contentType: 'application/octet-stream'
    })
  const layer = path.join(context.scratch, 'layer')
  await mkdir(layer)
  return { context: { ...context, models: openModels(layer) }, built, digest }
}

it('a model that no layer has comes from the model store, once', async () => {
  const { context, built, digest } = await stored()
  const download = vi.spyOn(context.results, 'download')
  const models = withStored(context)
  const [folder] = await Promise.all([models.directory(digest), models.directory(digest)])
  for (const file of ['model.onnx', 'model.weights'])
    expect(await readFile(path.join(folder, file))).toEqual(await readFile(path.join(built, digest, file)))
  expect((await models.describe(digest)).model).toBe(name)
  // Also for the next process that has the same scratch folder.
  await withStored(context).directory(digest)
  expect(download).toHaveBeenCalledTimes(3)
})

it('one that is not what its digest says is refused', async () => {
  const { context, digest } = await stored((file, bytes) => {
    if (file === 'model.weights') bytes[100] ^= 1
    return bytes
  })
  await expect(withStored(context).directory(digest)).rejects.toMatchObject({ code: 'model-changed' })
})

it('a manifest that names no files, or files elsewhere, is refused', async () => {
  for (const change of [
    (manifest: object) => ({ ...manifest, graphs: [] }),
    (manifest: object) => ({ ...manifest, graphs: ['../../escape'] })
  ]) {
    const { context, digest } = await stored((file, bytes) =>
      file === 'manifest.json'
        ? Buffer.from(JSON.stringify(change(JSON.parse(new TextDecoder().decode(bytes)) as object)))
        : bytes
    )
    await expect(withStored(context).directory(digest)).rejects.toMatchObject({ code: 'model-changed' })
  }
})

it('one of a layer is taken from there', async () => {
  const { context, built, digest } = await stored()
  await writeFile(path.join(built, 'index.json'), '{}')
  const models = withStored({ ...context, models: openModels(built) })
  expect(await models.directory(digest)).toBe(path.join(built, digest))
})
