import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { createClient } from '../../../functions/shared/storage.ts'
import { exchange, rawRequest } from './raw.ts'
import { credentials, region, startIn, temporaryFolder } from './target.ts'
import { beginParts, code, dataFiles, largeForm, spawnStore, storageAt, targetAt, type } from './world.ts'

describe('a store that is killed', () => {
  const body = randomBytes(8 << 20)
  const stopAfter = 4 << 20
  const uploads: [string, (endpoint: string) => Promise<() => Promise<unknown>>][] = [
    [
      'an upload',
      endpoint =>
        Promise.resolve(() => rawRequest(targetAt(endpoint), { method: 'PUT', key: 'clip', body, stopAfter }))
    ],
    [
      'a form',
      async endpoint => {
        const form = await largeForm(endpoint)
        return () => exchange(endpoint, { ...form, stopAfter })
      }
    ],
    [
      'an upload in parts',
      async endpoint => {
        const query = { uploadId: await beginParts(endpoint, 'clip'), partNumber: '2' }
        return () => rawRequest(targetAt(endpoint), { method: 'PUT', key: 'clip', query, body, stopAfter })
      }
    ]
  ]
  test.each(uploads)(
    'in the middle of %s keeps the object that was there, and nothing else',
    async (_, begin) => {
      await using folder = await temporaryFolder()
      const killed = await spawnStore(folder.dir)
      await storageAt(killed.endpoint).put('clip', 'old', type)
      const send = await begin(killed.endpoint)
      const before = (await dataFiles(folder.dir)).length
      const cut = expect(send()).rejects.toThrow()
      while ((await dataFiles(folder.dir)).length === before)
        await new Promise(resolve => setTimeout(resolve, 5))
      await killed.kill()
      await cut

      const store = await startIn(folder.dir)
      const storage = storageAt(store.endpoint)
      expect(Buffer.from(await storage.get('clip')).toString()).toBe('old')
      expect(await Array.fromAsync(storage.list(''))).toHaveLength(1)
      const uploads = await rawRequest(targetAt(store.endpoint), { query: { uploads: '' } })
      expect(uploads.body.toString()).not.toContain('<UploadId>')
      expect(await dataFiles(folder.dir)).toHaveLength(1)
      await store.close()
    }
  )

  test('at any moment has every object that it acknowledged, each one whole', async () => {
    await using folder = await temporaryFolder()
    const acknowledged = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const killed = await spawnStore(folder.dir)
      const storage = storageAt(killed.endpoint)
      let stopped = false
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; !stopped; i++) {
          const key = `${round}/${writer}/${i}`
          await storage.put(key, randomBytes(50_000), type)
          acknowledged.add(key)
        }
      })
      const ended = Promise.allSettled(writers)
      await new Promise(resolve => setTimeout(resolve, 150 + 100 * round))
      await killed.kill()
      stopped = true
      await ended
    }
    const store = await startIn(folder.dir)
    const storage = storageAt(store.endpoint)
    const found: string[] = []
    for await (const { key, etag } of storage.list('')) {
      found.push(key)
      expect(
        createHash('md5')
          .update(await storage.get(key))
          .digest('hex')
      ).toBe(etag)
    }
    expect(found).toEqual(expect.arrayContaining([...acknowledged]))
    expect(await dataFiles(folder.dir)).toHaveLength(found.length)
    await store.close()
  })
})

test('what was sent of an upload in parts is gone when the store starts again', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const uploadId = await beginParts(store.endpoint, 'parts')
  const part = { method: 'PUT', key: 'parts', query: { uploadId, partNumber: '2' }, body: 'x' }
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  await store.close()
  const again = await startIn(folder.dir)
  expect(await dataFiles(folder.dir)).toHaveLength(0)
  expect(await rawRequest(targetAt(again.endpoint), part)).toMatchObject({ code: 'NoSuchUpload' })
  await again.close()
})

test('an object that is replaced while it is read is read to its end as it was', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const storage = storageAt(store.endpoint)
  const [before, after] = [randomBytes(16 << 20), randomBytes(1000)]
  await storage.put('clip', before, type)
  const client = createClient({ endpoint: store.endpoint, region, credentials })
  const { Body } = await client.send(new GetObjectCommand({ Bucket: storage.bucket, Key: 'clip' }))
  await storage.put('clip', after, type)
  expect(Buffer.from(await Body!.transformToByteArray()).equals(before)).toBe(true)
  expect(Buffer.from(await storage.get('clip')).equals(after)).toBe(true)
  while ((await dataFiles(folder.dir)).length > 1) await new Promise(resolve => setTimeout(resolve, 5))
  await store.close()
})

test('one process has a folder at a time', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  await expect(startIn(folder.dir)).rejects.toEqual(code('store-in-use'))
  await store.close()
  await (await startIn(folder.dir)).close()
})

test('one of several processes that start at once has the folder, wherever their temporary files are', async () => {
  await using folder = await temporaryFolder()
  await using elsewhere = await temporaryFolder()
  await (await spawnStore(folder.dir)).kill()
  const script = path.join(import.meta.dirname, 'serve.ts')
  const started = await Promise.all(
    Array.from({ length: 4 }, async (_, i) => {
      const env = i % 2 ? { TMPDIR: elsewhere.dir } : {}
      const child = spawn(process.execPath, [script, folder.dir], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env
      })
      const answer = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
      return { child, owns: Buffer.isBuffer(answer[0]) }
    })
  )
  const owners = started.filter(({ owns }) => owns)
  for (const { child } of owners) child.kill('SIGKILL')
  expect(owners).toHaveLength(1)
})

test('a port that is taken is named', async () => {
  await using folder = await temporaryFolder()
  await using other = await temporaryFolder()
  const store = await startIn(folder.dir)
  const port = Number(new URL(store.endpoint).port)
  await expect(startIn(other.dir, port)).rejects.toEqual(new Fault('port-in-use', { port }))
  await store.close()
})
