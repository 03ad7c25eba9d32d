import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { exchange, rawRequest } from './raw.ts'
import { startIn, temporaryFolder } from './target.ts'
import {
  anyFile,
  beginParts,
  code,
  dataFiles,
  largeForm,
  spawnStore,
  storageAt,
  targetAt,
  type
} from './world.ts'

test('a full disk is told as such, without retries, and leaves nothing', async () => {
  await using folder = await temporaryFolder()
  const store = await spawnStore(folder.dir, '2048')
  const storage = storageAt(store.endpoint)
  await storage.put('small', 'fits', type)
  const body = randomBytes(8 << 20)
  await expect(storage.put('large', body, type)).rejects.toEqual(code('storage-full'))
  const answer = await rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'large', body })
  expect(answer).toMatchObject({ status: 507, code: 'InsufficientStorage' })
  expect(await storage.exists('large')).toBe(false)
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  await storage.put('small', 'fits still', type)
  await store.kill()
  const again = await startIn(folder.dir)
  expect(Buffer.from(await storageAt(again.endpoint).get('small')).toString()).toBe('fits still')
  await again.close()
})

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
/** As the journal calls it: bytes, offset, length, position. */
type Write = (
  this: FileHandle,
  ...call: [Buffer, number, number, number]
) => Promise<{ bytesWritten: number }>
const write = Reflect.get(anyFile, 'write') as Write
const writeHalf: Write = function (bytes, offset, length, position) {
  return write.call(this, bytes, offset, Math.floor(length / 2), position)
}

/** Where the disk may turn out to be full: at the data, at its way to the disk, at its name, in the middle of the note of it. */
const steps: [string, () => void][] = [
  ['the content', () => vi.spyOn(anyFile, 'writev').mockRejectedValue(full)],
  ['the content comes to the disk', () => vi.spyOn(anyFile, 'datasync').mockRejectedValue(full)],
  ['the name of the content', () => vi.spyOn(anyFile, 'sync').mockRejectedValue(full)],
  ['the journal', () => vi.spyOn(anyFile, 'write').mockRejectedValue(full)],
  [
    'half of a line of the journal',
    () =>
      vi
        .spyOn(anyFile, 'write')
        .mockRejectedValue(full)
        .mockImplementationOnce(writeHalf as unknown as typeof anyFile.write)
  ]
]
test.each(steps)(
  'a disk that is full at %s loses nothing, and is used again once there is space',
  async (_, fill) => {
    await using folder = await temporaryFolder()
    onTestFinished(() => void vi.restoreAllMocks())
    const store = await startIn(folder.dir)
    const storage = storageAt(store.endpoint)
    await storage.put('kept', 'x', type)
    const uploadId = await beginParts(store.endpoint, 'parts')
    const form = await largeForm(store.endpoint)
    const part = { method: 'PUT', key: 'parts', query: { uploadId, partNumber: '2' }, body: 'x' }
    const send = () => [
      rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'kept', body: 'new' }),
      rawRequest(targetAt(store.endpoint), part),
      exchange(store.endpoint, form)
    ]

    fill()
    for (const answer of await Promise.all(send()))
      expect(answer).toMatchObject({ status: 507, code: 'InsufficientStorage' })
    expect(Buffer.from(await storage.get('kept')).toString()).toBe('x')
    expect(await storage.exists('clip')).toBe(false)
    expect(await dataFiles(folder.dir)).toHaveLength(2)

    vi.restoreAllMocks()
    expect((await Promise.all(send())).map(({ status }) => status)).toEqual([200, 200, 204])
    await store.close()
    const again = await startIn(folder.dir)
    expect(Buffer.from(await storageAt(again.endpoint).get('kept')).toString()).toBe('new')
    expect((await storageAt(again.endpoint).head('clip'))!.size).toBe(8 << 20)
    expect(await dataFiles(folder.dir)).toHaveLength(2)
    await again.close()
  }
)

test('a note that did not come to the disk is taken back: the object that was there stays', async () => {
  await using folder = await temporaryFolder()
  onTestFinished(() => void vi.restoreAllMocks())
  const store = await startIn(folder.dir)
  await storageAt(store.endpoint).put('kept', 'x', type)
  // The content comes to the disk, the journal does not.
  vi.spyOn(anyFile, 'datasync').mockRejectedValue(full).mockResolvedValueOnce(undefined)
  const answer = await rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'kept', body: 'new' })
  expect(answer.status).toBe(507)
  vi.restoreAllMocks()
  await store.close()
  const again = await startIn(folder.dir)
  expect(Buffer.from(await storageAt(again.endpoint).get('kept')).toString()).toBe('x')
  await again.close()
})

test('a note that may last although it failed has its data: the object is the old one or the new one, whole', async () => {
  await using folder = await temporaryFolder()
  onTestFinished(() => void vi.restoreAllMocks())
  const store = await startIn(folder.dir)
  await storageAt(store.endpoint).put('kept', 'x', type)
  vi.spyOn(anyFile, 'datasync').mockRejectedValue(full).mockResolvedValueOnce(undefined)
  vi.spyOn(anyFile, 'truncate').mockRejectedValue(full)
  const send = () => rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'kept', body: 'new' })
  expect(await send()).toMatchObject({ status: 507, code: 'InsufficientStorage' })
  await store.close()
  vi.restoreAllMocks()
  const again = await startIn(folder.dir)
  expect(Buffer.from(await storageAt(again.endpoint).get('kept')).toString()).toBe('new')
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  await again.close()
})

test('a note that could not be taken back is, before the next one is made', async () => {
  await using folder = await temporaryFolder()
  onTestFinished(() => void vi.restoreAllMocks())
  const store = await startIn(folder.dir)
  const storage = storageAt(store.endpoint)
  await storage.put('kept', 'x', type)
  vi.spyOn(anyFile, 'datasync').mockRejectedValue(full).mockResolvedValueOnce(undefined)
  vi.spyOn(anyFile, 'truncate').mockRejectedValue(full)
  await rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'k'.repeat(500), body: 'refused' })
  vi.restoreAllMocks()
  await storage.put('next', 'y', type)
  await store.close()
  const again = await startIn(folder.dir)
  const listed = await Array.fromAsync(storageAt(again.endpoint).list(''))
  expect(listed.map(({ key }) => key)).toEqual(['kept', 'next'])
  expect(await dataFiles(folder.dir)).toHaveLength(2)
  await again.close()
})

test('a store that starts on a full disk can be read, and objects be deleted to make room', async () => {
  await using folder = await temporaryFolder()
  onTestFinished(() => void vi.restoreAllMocks())
  const store = await startIn(folder.dir)
  for (const key of ['kept', 'doomed']) await storageAt(store.endpoint).put(key, key, type)
  await store.close()

  vi.spyOn(anyFile, 'write').mockRejectedValue(full)
  const again = await startIn(folder.dir)
  const storage = storageAt(again.endpoint)
  expect(Buffer.from(await storage.get('kept')).toString()).toBe('kept')
  const deletion = { method: 'DELETE', key: 'doomed' }
  expect((await rawRequest(targetAt(again.endpoint), deletion)).status).toBe(507)
  // The data is gone even where there is no room to note it.
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  vi.restoreAllMocks()
  await storage.put('new', 'new', type)
  await again.close()

  const last = await startIn(folder.dir)
  const listed = await Array.fromAsync(storageAt(last.endpoint).list(''))
  expect(listed.map(({ key }) => key)).toEqual(['kept', 'new'])
  await last.close()
})
