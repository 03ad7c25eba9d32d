import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { packageRoot } from '../../local/home.ts'
import { ensureModels, removeModel } from '../../local/models.ts'
import { importOwnWeights, importWeights, pullWeights } from '../../local/weights-get.ts'
import { openWeights, type OwnWeights } from '../../local/weights.ts'
import { openModels } from '../../layers/models/index.ts'
import { catalogue, modelsAmong, weightsNamed } from '../../models/catalogue/index.ts'
import { yoloxWeights } from '../../models/catalogue/yolox.ts'
import { serveFile, type Manner } from './file-server.ts'

const shipped = yoloxWeights.find(({ name }) => name === 'clipmill-person-nano')!
const shippedFile = path.join(packageRoot, (shipped.file as { path: string }).path)
const original = await readFile(shippedFile)
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Weights that fit the same network, and that no catalogue knows. */
const another = (seed: number) => {
  const bytes = Buffer.from(original)
  bytes[bytes.length - 1] ^= seed
  return bytes
}
const bytes = another(1)

/** As if the catalogue had them at that address. */
const published = (address: string, sha256?: string): typeof shipped => ({
  ...shipped,
  name: 'test-nano',
  file: { kind: 'published', address: `${address}/nano.pth`, sha256, bytes: bytes.length }
})

const temporaryFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-pull-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const quiet = {
  acceptUnpinned: false,
  progress: () => undefined,
  signal: new AbortController().signal,
  pauses: [1, 1]
}

const setUp = async (manners?: Manner[], sha256: string | undefined = sha256Of(bytes)) => {
  const folder = await temporaryFolder()
  const server = await serveFile(bytes, manners)
  const store = openWeights(path.join(folder, 'weights'))
  const weights = published(server.address, sha256)
  return { folder, ...server, store, weights, files: () => listed(store.folder) }
}

/** All files, without the parts that are kept for the next try. */
const listed = async (folder: string) =>
  (await readdir(folder, { recursive: true }).catch(() => []))
    .filter(name => !/^(names|parts)$/.test(name))
    .toSorted()

describe('pull', () => {
  it('gets a file under its sha256, once', async () => {
    const { store, weights, requests, files, address } = await setUp()
    const { fetched, sha256, path: file, from } = await pullWeights(store, weights, quiet)
    expect({ fetched, sha256, from }).toEqual({
      fetched: true,
      sha256: sha256Of(bytes),
      from: `${address}/nano.pth`
    })
    expect((await readFile(file)).equals(bytes)).toBe(true)
    expect(await files()).toEqual([sha256, 'names/test-nano.json'])
    expect(await pullWeights(store, weights, quiet)).toMatchObject({ fetched: false, path: file })
    expect(requests).toHaveLength(1)
  })

  it('gets a file again that was damaged or cut off since', async () => {
    const { store, weights, requests } = await setUp()
    const { path: file } = await pullWeights(store, weights, quiet)
    for (const damaged of [another(2), bytes.subarray(0, 1000)]) {
      await writeFile(file, damaged)
      expect(await pullWeights(store, weights, quiet)).toMatchObject({ fetched: true })
      expect((await readFile(file)).equals(bytes)).toBe(true)
    }
    expect(requests).toHaveLength(3)
  })

  it('a copy is not mixed with what a download left', async () => {
    const { folder, store, weights } = await setUp([{ cutAfter: 1_000_000 }, { status: 500 }])
    await expect(pullWeights(store, weights, quiet)).rejects.toMatchObject({ code: 'download-failed' })
    await writeFile(path.join(folder, 'nano.pth'), bytes)
    const { path: file } = await pullWeights(store, weights, { ...quiet, mirror: folder })
    expect((await readFile(file)).equals(bytes)).toBe(true)
    expect(await listed(path.join(store.folder, 'parts'))).toEqual([])
  })

  it('survives cuts and a server’s trouble', async () => {
    const { store, weights, ranges } = await setUp([{ cutAfter: 1_000_000 }, { status: 502 }, {}])
    expect(await pullWeights(store, weights, quiet)).toMatchObject({ fetched: true })
    expect(ranges()).toEqual([undefined, 'bytes=1000000-', 'bytes=1000000-'])
  })

  it('goes on with what a process left that was killed in the middle', async () => {
    const { store, weights, ranges, address, files } = await setUp()
    const { pid } = spawnSync(process.execPath, ['--version'])
    const left = path.join(store.folder, 'parts', `test-nano.${pid}-0123abcd`)
    await mkdir(left, { recursive: true })
    await writeFile(path.join(left, 'data'), bytes.subarray(0, 2_000_000))
    await writeFile(
      path.join(left, 'origin.json'),
      JSON.stringify({ address: `${address}/nano.pth`, validator: '"1"' })
    )
    expect(await pullWeights(store, weights, quiet)).toMatchObject({ fetched: true })
    expect(ranges()).toEqual(['bytes=2000000-'])
    expect(await files()).toEqual([sha256Of(bytes), 'names/test-nano.json'])
  })

  it('two at once are harmless', async () => {
    const { store, weights, files } = await setUp([{ cutAfter: 500_000 }, { cutAfter: 700_000 }, {}])
    const both = await Promise.all([pullWeights(store, weights, quiet), pullWeights(store, weights, quiet)])
    expect(both[0].path).toBe(both[1].path)
    expect((await readFile(both[0].path)).equals(bytes)).toBe(true)
    expect(await files()).toEqual([sha256Of(bytes), 'names/test-nano.json'])
  })

  it.each<[string, Manner, string]>([
    ['other bytes', { instead: { type: 'application/octet-stream', body: another(2) } }, 'weights-changed'],
    ['a page', { instead: { type: 'text/html', body: '<html>' } }, 'weights-web-page'],
    ['half of it', { instead: { type: 'x/y', body: bytes.subarray(0, 1000) } }, 'weights-size-wrong'],
    ['nothing', { status: 404 }, 'weights-unavailable']
  ])('takes nothing where it is given %s', async (_, manner, code) => {
    const { store, weights, files } = await setUp([manner])
    await expect(pullWeights(store, weights, quiet)).rejects.toMatchObject({ code })
    expect(await store.find(weights)).toBeUndefined()
    expect(await files()).toEqual([])
  })

  it('asks a mirror instead, an address or a folder, which cannot give it anything else either', async () => {
    const { folder, store, weights, address, requests } = await setUp()
    const elsewhere = published('http://127.0.0.1:1', sha256Of(bytes))
    await pullWeights(store, elsewhere, { ...quiet, mirror: `${address}/some/place` })
    expect(requests.map(({ url }) => url)).toEqual(['/some/place/nano.pth'])

    await writeFile(path.join(folder, 'nano.pth'), bytes)
    const other = openWeights(path.join(folder, 'other'))
    const { from } = await pullWeights(other, elsewhere, { ...quiet, mirror: folder })
    expect(from).toBe(path.join(folder, 'nano.pth'))

    await writeFile(path.join(folder, 'nano.pth'), another(2))
    const third = openWeights(path.join(folder, 'third'))
    await expect(pullWeights(third, weights, { ...quiet, mirror: folder })).rejects.toMatchObject({
      code: 'weights-changed'
    })
    await expect(pullWeights(third, weights, { ...quiet, mirror: '/nowhere' })).rejects.toMatchObject({
      code: 'weights-unavailable',
      details: { from: '/nowhere/nano.pth' }
    })
  })

  it('takes a file without a known checksum only when told to, and no other one from then on', async () => {
    const { store, address, requests } = await setUp()
    const weights = published(address)
    await expect(pullWeights(store, weights, quiet)).rejects.toMatchObject({ code: 'weights-unpinned' })
    expect(requests).toHaveLength(0)
    const { path: file } = await pullWeights(store, weights, { ...quiet, acceptUnpinned: true })

    await rm(file)
    const changed = await serveFile(another(2))
    await expect(
      pullWeights(store, published(changed.address), { ...quiet, acceptUnpinned: true })
    ).rejects.toMatchObject({ code: 'weights-changed', details: { expected: sha256Of(bytes) } })
    expect(await pullWeights(store, weights, quiet)).toMatchObject({ fetched: true })
  })

  it('an unpinned file must at least fit the network, and not be known as another one', async () => {
    const { store, address } = await setUp()
    const trusting = { ...quiet, acceptUnpinned: true }
    await expect(
      pullWeights(store, { ...published(address), variant: 'tiny' }, trusting)
    ).rejects.toMatchObject({
      code: 'weights-mismatch',
      details: { file: `${address}/nano.pth`, variant: 'yolox tiny' }
    })
    const known = await serveFile(original)
    await expect(pullWeights(store, published(known.address), trusting)).rejects.toMatchObject({
      code: 'weights-of-other',
      details: { is: 'clipmill-person-nano' }
    })
  })

  it('says what to do by hand where no program gets at a file', async () => {
    const { store } = await setUp()
    await expect(pullWeights(store, weightsNamed('bytetrack-s-mot17'), quiet)).rejects.toMatchObject({
      code: 'weights-by-hand',
      next: expect.stringMatching(
        /open https:\/\/drive.*bytetrack_s_mot17\.pth\.tar.*clipmill models import bytetrack-s-mot17 FILE/
      ) as string
    })
  })
})

describe('import', () => {
  const own: Extract<OwnWeights, { system: 'yolox' }> = {
    system: 'yolox',
    variant: 'nano',
    detector: { classes: ['worker'], preprocessing: 'new', longSide: 416, scores: { follow: 0.5 } },
    licence: { code: 'Apache-2.0', weights: 'ours', data: 'unknown' }
  }
  const setUpFile = async (content: Uint8Array = bytes) => {
    const { folder, store } = await setUp()
    const file = path.join(folder, 'best.safetensors')
    await writeFile(file, content)
    return { folder, store, file }
  }

  it('takes the very file that the catalogue names, and refuses others', async () => {
    const { store, file } = await setUpFile()
    const weights = published('http://nowhere', sha256Of(bytes))
    const unpinned = importWeights(store, published('http://nowhere'), file, quiet)
    await expect(unpinned).rejects.toMatchObject({ code: 'weights-unpinned' })
    expect(await importWeights(store, weights, file, quiet)).toMatchObject({
      sha256: sha256Of(bytes),
      from: file
    })
    await writeFile(file, another(2))
    await expect(importWeights(store, weights, file, quiet)).rejects.toMatchObject({
      code: 'weights-changed'
    })
    await writeFile(file, original)
    await expect(importWeights(store, weights, file, quiet)).rejects.toMatchObject({
      code: 'weights-of-other'
    })
  })

  it('says all at once in what a file does not fit', async () => {
    const { store, file } = await setUpFile()
    const trusting = { acceptUnpinned: true }
    await expect(importWeights(store, weightsNamed('yolox-s-legacy'), file, trusting)).rejects.toMatchObject({
      code: 'weights-mismatch',
      details: {
        missing: expect.arrayContaining(['backbone.backbone.dark2.0.conv.weight']) as string[],
        unused: expect.arrayContaining(['backbone.backbone.dark2.0.dconv.conv.weight']) as string[],
        misshapen: expect.arrayContaining([expect.stringContaining('stem.conv.conv.weight')]) as string[]
      }
    })
  })

  it.each([
    ['a file that is not there', undefined, 'weights-unopenable'],
    ['a page', '<!doctype html>', 'weights-web-page'],
    ['noise', 'noise', 'weights-unreadable']
  ])('refuses %s', async (_, content, code) => {
    const { store, file } = await setUpFile(Buffer.from(content ?? ''))
    if (content === undefined) await rm(file)
    const trusting = { acceptUnpinned: true }
    await expect(
      importWeights(store, weightsNamed('yolox-nano-legacy'), file, trusting)
    ).rejects.toMatchObject({ code, details: { file } })
    await expect(importOwnWeights(store, 'mine', file, own)).rejects.toMatchObject({
      code,
      details: { file }
    })
    expect(await listed(store.folder)).toEqual([])
  })

  it('makes own weights a detector like any other, under their own name', async () => {
    const { folder, store, file } = await setUpFile()
    await importOwnWeights(store, 'mine', file, own)
    const known = await store.known()
    expect(known.at(-1)).toMatchObject({ name: 'mine', detector: own.detector })
    expect(modelsAmong(known)('mine')).toMatchObject({ system: 'yolox', detector: own.detector })
    expect(await store.present()).toEqual(['clipmill-person-nano', 'mine'])

    const built = path.join(folder, 'models')
    await ensureModels(built, ['mine'], store)
    const models = openModels(built)
    expect(models.names()).toEqual(['mine'])
    expect(models.find('mine')).toMatchObject({ system: 'yolox', variant: 'nano', detector: own.detector })
    expect((await models.describe(models.digest('mine'))).weights.sha256).toBe(sha256Of(bytes))
    await removeModel(built, 'mine')
    expect(openModels(built).find('mine')).toBeUndefined()
  })

  it('a name stands for one thing', async () => {
    const { store, file } = await setUpFile()
    await importOwnWeights(store, 'mine', file, own)
    await importOwnWeights(store, 'mine', file, own)
    const other = { ...own, detector: { ...own.detector, preprocessing: 'mot' as const } }
    for (const [name, stated] of [
      ['mine', other],
      ['yolox-nano', own]
    ] as const)
      await expect(importOwnWeights(store, name, file, stated)).rejects.toMatchObject({
        code: 'weights-name-taken'
      })
    await expect(importOwnWeights(store, '../mine', file, own)).rejects.toMatchObject({ code: 'usage-wrong' })
  })

  it('a known file cannot be given the pre-processing that it was not trained with', async () => {
    const { store, file } = await setUpFile(original)
    const wrong = { ...own, detector: { ...own.detector, preprocessing: 'mot' as const } }
    await expect(importOwnWeights(store, 'mine', file, wrong)).rejects.toMatchObject({
      code: 'weights-preprocessing-wrong',
      details: { is: 'clipmill-person-nano', trained: 'new', given: 'mot' }
    })
    expect(await store.known()).toEqual(catalogue)
    await importOwnWeights(store, 'mine', file, own)
  })

  it('a file goes with the last name that needs it', async () => {
    const { store, file } = await setUpFile()
    for (const name of ['mine', 'ours']) await importOwnWeights(store, name, file, own)
    expect(await store.remove('mine')).toBe(0)
    expect(await store.present()).toContain('ours')
    expect(await store.remove('ours')).toBe(bytes.length)
    expect(await listed(store.folder)).toEqual([])
    expect(await store.remove('ours')).toBeUndefined()
  })

  it('a record that somebody spoilt is none', async () => {
    const { store, file } = await setUpFile()
    await importOwnWeights(store, 'mine', file, own)
    await writeFile(path.join(store.folder, 'names', 'mine.json'), '{"sha256": "../../secret"}')
    expect(await store.known()).toEqual(catalogue)
    await importOwnWeights(store, 'mine', file, own)
    expect(await store.present()).toContain('mine')
  })
})
