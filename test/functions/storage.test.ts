import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { FaultCode } from '../../events/faults.ts'
import { createClient, openStorage } from '../../functions/shared/storage.ts'
import { awkwardKeys } from '../local/store/keys.ts'
import { credentials, region, startIn, temporaryFolder } from '../local/store/target.ts'

const folder = await temporaryFolder()
const store = await startIn(path.join(folder.dir, 'store'))
const client = createClient({ endpoint: store.endpoint, region, credentials })
const storage = openStorage({ bucket: 'results', client })
afterAll(async () => {
  client.destroy()
  await store.close()
  await folder[Symbol.asyncDispose]()
})

const json = { contentType: 'application/json' }
const bytes = { contentType: 'application/octet-stream' }
const code = (name: FaultCode) => expect.objectContaining({ code: name }) as Error
const text = async (key: string) => new TextDecoder().decode(await storage.get(key))

test('what was put can be had whole, in part, as a stream and as a file', async () => {
  const body = randomBytes(100_000)
  await storage.put('clip', body, bytes)
  expect(Buffer.from(await storage.get('clip')).equals(body)).toBe(true)
  expect(Buffer.from(await storage.getRange('clip', 10, 20)).equals(body.subarray(10, 20))).toBe(true)
  expect(await storage.getRange('clip', 10, 10)).toHaveLength(0)
  expect(await storage.getRange('clip', 99_990, 200_000)).toHaveLength(10)
  expect(await storage.getRange('clip', 200_000, 300_000)).toHaveLength(0)
  const file = path.join(folder.dir, 'clip')
  await storage.download('clip', file)
  expect((await readFile(file)).equals(body)).toBe(true)
})

test('head tells size, tag and metadata, or that there is nothing', async () => {
  await storage.put('head', 'four', json)
  expect(await storage.head('head')).toEqual({
    size: 4,
    etag: '8cbad96aced40b3838dd9f07f6ef5772',
    metadata: {}
  })
  expect(await storage.head('missing')).toBeUndefined()
  expect([await storage.exists('head'), await storage.exists('missing')]).toEqual([true, false])
})

test('JSON comes as its schema says, or not at all', async () => {
  const plan = z.strictObject({ frames: z.int() })
  await storage.put('plan.json', '{"frames":12}', json)
  expect(await storage.getJson('plan.json', plan)).toEqual({ frames: 12 })
  await storage.put('plan.json', '{"frames":"twelve"}', json)
  await expect(storage.getJson('plan.json', plan)).rejects.toEqual(code('object-invalid'))
  await storage.put('plan.json', '{"frames":', json)
  await expect(storage.getJson('plan.json', z.unknown())).rejects.toEqual(code('object-invalid'))
})

describe('writing once', () => {
  test('one of twenty writers writes, the others are told', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => storage.putOnce('once', `writer ${i}`, json))
    )
    expect(outcomes.filter(outcome => outcome === 'written')).toHaveLength(1)
    expect(await text('once')).toBe(`writer ${outcomes.indexOf('written')}`)
  })

  test.each([1000, 17 * 1024 ** 2])('files too, of %i bytes', async size => {
    const key = `file/${size}`
    const file = path.join(folder.dir, 'upload')
    const content = randomBytes(size)
    await writeFile(file, content)
    expect(await storage.uploadFile(key, file, { ...bytes, once: true })).toBe('written')
    await writeFile(file, randomBytes(size))
    expect(await storage.uploadFile(key, file, { ...bytes, once: true })).toBe('exists')
    expect(Buffer.from(await storage.get(key)).equals(content)).toBe(true)
    expect(await storage.uploadFile(key, file, bytes)).toBe('written')
    expect(Buffer.from(await storage.get(key)).equals(await readFile(file))).toBe(true)
  })
})

test('an object is replaced where it is the one that was looked at, and none has taken its place or removed it', async () => {
  expect(await storage.replace('newest', 'one', { ...json, etag: undefined })).toBe(true)
  const { etag } = (await storage.head('newest'))!
  expect(await storage.replace('newest', 'two', { ...json, etag })).toBe(true)
  expect(await storage.replace('newest', 'three', { ...json, etag })).toBe(false)
  await storage.delete('newest')
  expect(await storage.replace('newest', 'four', { ...json, etag })).toBe(false)
})

test('objects are listed under any names, beyond a page', async () => {
  const keys = [
    ...awkwardKeys.filter(key => key.length < 500).map(key => `list/${key}`),
    ...Array.from({ length: 1005 }, (_, i) => `list/n${i}`)
  ]
  await Promise.all(keys.map(key => storage.put(key, 'x', bytes)))
  const listed: string[] = []
  for await (const { key, size } of storage.list('list/')) {
    listed.push(key)
    expect(size).toBe(1)
  }
  expect(listed.sort()).toEqual([...new Set(keys)].sort())
})

describe('failures are Faults', () => {
  const local = path.join(folder.dir, 'never')

  test('a missing object or bucket', async () => {
    for (const read of [
      storage.get('missing'),
      storage.getRange('missing', 0, 1),
      storage.download('missing', local)
    ])
      await expect(read).rejects.toEqual(code('object-missing'))
    expect(existsSync(local)).toBe(false)
    const elsewhere = openStorage({ bucket: 'nowhere', client })
    await expect(elsewhere.get('x')).rejects.toEqual(code('bucket-missing'))
    await expect(elsewhere.list('').next()).rejects.toEqual(code('bucket-missing'))
  })

  test('wrong credentials', async () => {
    const stranger = createClient({
      endpoint: store.endpoint,
      region,
      credentials: { ...credentials, secretAccessKey: 'guessed' }
    })
    await expect(openStorage({ bucket: 'results', client: stranger }).get('x')).rejects.toEqual(
      code('storage-denied')
    )
  })

  /** A store that answers as it is told, one answer a request, the last one again and again. */
  const withAnswers = async (
    answers: { status: number; code?: string; body?: string; length?: number }[],
    use: (scripted: typeof storage) => Promise<void>
  ) => {
    let count = 0
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => {
        const { status, code, body, length } = answers[Math.min(count++, answers.length - 1)]
        const content = body ?? (code ? `<Error><Code>${code}</Code><Message>m</Message></Error>` : '')
        response.writeHead(status, { 'content-length': length ?? content.length })
        response.write(content, () => (length ? response.destroy() : response.end()))
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await use(openStorage({ bucket: 'results', client: createClient({ endpoint, region, credentials }) }))
    server.closeAllConnections()
    server.close()
    return count
  }

  test('a busy store, after the SDK has tried again', async () => {
    const requests = await withAnswers([{ status: 503, code: 'SlowDown' }], async busy => {
      await expect(busy.get('x')).rejects.toMatchObject({
        code: 'storage-unavailable',
        retry: 'now',
        exit: 5
      })
    })
    expect(requests).toBe(3)
  })

  test('a full one, at once', async () => {
    const requests = await withAnswers([{ status: 507, code: 'InsufficientStorage' }], async full => {
      await expect(full.put('x', 'x', bytes)).rejects.toMatchObject({
        code: 'storage-full',
        retry: 'later',
        exit: 6
      })
    })
    expect(requests).toBe(1)
  })

  test('none at all', async () => {
    const gone = createClient({ endpoint: 'http://127.0.0.1:9', region, credentials })
    await expect(openStorage({ bucket: 'results', client: gone }).get('x')).rejects.toEqual(
      code('storage-unavailable')
    )
  })

  test('an answer that breaks off, which leaves no file', async () => {
    await withAnswers([{ status: 200, body: 'begin', length: 100 }], async broken => {
      await expect(broken.get('x')).rejects.toEqual(code('storage-unavailable'))
      await expect(broken.download('x', local)).rejects.toEqual(code('storage-unavailable'))
    })
    expect(existsSync(local)).toBe(false)
  })

  test('a conflict of conditional writes is none: the write is tried again', async () => {
    const conflict = { status: 409, code: 'ConditionalRequestConflict' }
    const requests = await withAnswers([conflict, conflict, { status: 200 }], async busy => {
      expect(await busy.putOnce('x', 'x', bytes)).toBe('written')
    })
    expect(requests).toBe(3)
  })
})
