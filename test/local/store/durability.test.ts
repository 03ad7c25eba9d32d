import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdir, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import type { FaultCode } from '../../../events/faults.ts'
import { createClient, openStorage } from '../../../functions/shared/storage.ts'
import { openJournal } from '../../../local/store/journal.ts'
import type { Entry } from '../../../local/store/state.ts'
import { rawRequest } from './raw.ts'
import { credentials, region, startIn, temporaryFolder } from './target.ts'

const type = { contentType: 'application/octet-stream' }
const storageAt = (endpoint: string) =>
  openStorage({ bucket: 'results', client: createClient({ endpoint, region, credentials }) })
const target = (endpoint: string) => ({ endpoint, region, bucket: 'results', credentials })
const dataFiles = (dir: string) => readdir(path.join(dir, 'data'))
const code = (name: FaultCode) => expect.objectContaining({ code: name }) as Fault

/** The store in a process of its own; `limit` is the largest file that it may write, in KiB. */
const spawnStore = async (dir: string, limit = 'unlimited') => {
  const script = path.join(import.meta.dirname, 'serve.ts')
  const child = spawn('bash', ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, process.execPath, script, dir], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    endpoint: line.toString().trim(),
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

describe('a store that is killed', () => {
  test('in the middle of an upload keeps the object that was there, and nothing else', async () => {
    await using folder = await temporaryFolder()
    const killed = await spawnStore(folder.dir)
    await storageAt(killed.endpoint).put('clip', 'old', type)
    const body = randomBytes(8 << 20)
    const cut = rawRequest(target(killed.endpoint), { method: 'PUT', key: 'clip', body, cutAfter: 4 << 20 })
    cut.catch(() => undefined)
    while ((await dataFiles(folder.dir)).length < 2) await new Promise(resolve => setTimeout(resolve, 5))
    await killed.kill()

    const store = await startIn(folder.dir)
    const storage = storageAt(store.endpoint)
    expect(Buffer.from(await storage.get('clip')).toString()).toBe('old')
    expect(await dataFiles(folder.dir)).toHaveLength(1)
    await store.close()
  })

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

test('a full disk is told as such, without retries, and leaves nothing', async () => {
  await using folder = await temporaryFolder()
  const store = await spawnStore(folder.dir, '2048')
  const storage = storageAt(store.endpoint)
  await storage.put('small', 'fits', type)
  const body = randomBytes(8 << 20)
  await expect(storage.put('large', body, type)).rejects.toEqual(code('storage-full'))
  const answer = await rawRequest(target(store.endpoint), { method: 'PUT', key: 'large', body })
  expect(answer).toMatchObject({ status: 507, code: 'InsufficientStorage' })
  expect(await storage.exists('large')).toBe(false)
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  await storage.put('small', 'fits still', type)
  await store.kill()
  const again = await startIn(folder.dir)
  expect(Buffer.from(await storageAt(again.endpoint).get('small')).toString()).toBe('fits still')
  await again.close()
})

test('an upload that its client cuts off leaves nothing', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const body = randomBytes(3 << 20)
  const cut = rawRequest(target(store.endpoint), { method: 'PUT', key: 'cut', body, cutAfter: 2 << 20 })
  await expect(cut).rejects.toThrow()
  while ((await dataFiles(folder.dir)).length) await new Promise(resolve => setTimeout(resolve, 5))
  expect(await storageAt(store.endpoint).exists('cut')).toBe(false)
  await store.close()
})

test('what was sent of an upload in parts is gone when the store starts again', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const request = { key: 'parts', query: { uploads: '' } }
  const { body } = await rawRequest(target(store.endpoint), { ...request, method: 'POST' })
  const [, uploadId] = /<UploadId>(.*?)</.exec(body.toString())!
  const part = { method: 'PUT', key: 'parts', query: { uploadId, partNumber: '1' }, body: 'x' }
  expect(await rawRequest(target(store.endpoint), part)).toMatchObject({ status: 200 })
  expect(await dataFiles(folder.dir)).toHaveLength(1)
  await store.close()
  const again = await startIn(folder.dir)
  expect(await dataFiles(folder.dir)).toHaveLength(0)
  expect(await rawRequest(target(again.endpoint), part)).toMatchObject({ code: 'NoSuchUpload' })
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

describe('the journal', () => {
  const journal = (dir: string) => path.join(dir, 'journal.jsonl')
  const written = async (dir: string) => {
    const store = await startIn(dir)
    await storageAt(store.endpoint).put('a', 'x', type)
    await store.close()
  }

  test('may end in a torn line', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    await appendFile(journal(folder.dir), '{"op":"put","bucket":"results","obj')
    const store = await startIn(folder.dir)
    const storage = storageAt(store.endpoint)
    expect(await storage.exists('a')).toBe(true)
    await storage.put('b', 'x', type)
    await store.close()
    const again = await startIn(folder.dir)
    expect(await storageAt(again.endpoint).exists('b')).toBe(true)
    await again.close()
  })

  test('may have headers that cannot be sent: the object is not read, but can be removed', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    const text = await readFile(journal(folder.dir), 'utf8')
    await writeFile(journal(folder.dir), text.replace(type.contentType, '日本'))
    const store = await startIn(folder.dir)
    await expect(rawRequest(target(store.endpoint), { key: 'a' })).rejects.toThrow()
    await rawRequest(target(store.endpoint), { method: 'DELETE', key: 'a' })
    expect(await dataFiles(folder.dir)).toHaveLength(0)
    await store.close()
  })

  test('damaged in its middle is refused rather than guessed, and so is another version', async () => {
    await using folder = await temporaryFolder()
    await written(folder.dir)
    const text = await readFile(journal(folder.dir), 'utf8')
    await writeFile(journal(folder.dir), text.replace('{"op":"bucket"', '{"op:"bucket"'))
    await expect(startIn(folder.dir)).rejects.toEqual(code('store-damaged'))
    await writeFile(journal(folder.dir), text.replace('"store":1', '"store":2'))
    await expect(startIn(folder.dir)).rejects.toEqual(code('store-version'))
    // Refusing took nothing away.
    await writeFile(journal(folder.dir), text)
    const store = await startIn(folder.dir)
    expect(await storageAt(store.endpoint).exists('a')).toBe(true)
    await store.close()
  })

  const nothing = (folder: string) => ({
    folder,
    present: new Set<string>(),
    dropped: () => Promise.resolve()
  })
  const entry = (sequencer: number): Entry => ({
    op: 'put',
    bucket: 'results',
    object: { key: 'a', etag: '', modified: 0, pieces: [], headers: {}, sequencer }
  })
  /** Replaces one object 16,000 times. */
  const appendMuch = async ({ append }: Awaited<ReturnType<typeof openJournal>>) => {
    await append({ op: 'bucket', bucket: 'results', created: 0 })
    for (const batch of [0, 1])
      await Promise.all(Array.from({ length: 8000 }, (_, i) => append(entry(8000 * batch + i))))
  }
  const lines = async (dir: string) => (await readFile(journal(dir), 'utf8')).trim().split('\n').length

  test('is shortened when most of it is past', async () => {
    await using folder = await temporaryFolder()
    const first = await openJournal(folder.dir, nothing(folder.dir))
    await appendMuch(first)
    await first.append(entry(20_000))
    expect(await lines(folder.dir)).toBeLessThan(8000)
    await first.close()

    const again = await openJournal(folder.dir, nothing(folder.dir))
    expect(again.state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    expect(await lines(folder.dir)).toBe(3)
    await again.close()
  })

  test('that cannot be shortened goes on as it is', async () => {
    await using folder = await temporaryFolder()
    const { append, close, state } = await openJournal(folder.dir, nothing(folder.dir))
    // No file can take the place of a folder.
    await rename(journal(folder.dir), path.join(folder.dir, 'kept'))
    await mkdir(journal(folder.dir))
    await appendMuch({ append, close, state })
    await append(entry(20_000))
    expect(state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    await close()
    await rmdir(journal(folder.dir))
    await rename(path.join(folder.dir, 'kept'), journal(folder.dir))
    const again = await openJournal(folder.dir, nothing(folder.dir))
    expect(again.state.buckets.get('results')?.objects.get('a')?.sequencer).toBe(20_000)
    await again.close()
  })
})
