import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  PutObjectCommand
} from '@aws-sdk/client-s3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../../functions/shared/storage.ts'
import { startStore } from '../../../local/store/store.ts'
import type { Store } from '../../../local/store/store.ts'
import { rawRequest } from './raw.ts'
import { credentials, region, temporaryFolder } from './target.ts'
import { dataFiles } from './world.ts'

const open = async (dir: string) => {
  const store = await startStore({
    dir,
    credentials,
    region,
    buckets: ['kept', 'plain'],
    versioned: ['kept']
  })
  const client = createClient({ endpoint: store.endpoint, credentials, region })
  const close = async () => {
    client.destroy()
    await store.close()
  }
  const put = async (Bucket: string, Body: string) =>
    (await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body }))).VersionId
  const get = async (VersionId?: string, Bucket = 'kept') =>
    (await client.send(new GetObjectCommand({ Bucket, Key: 'a', VersionId }))).Body!.transformToString()
  const remove = (VersionId?: string, IfMatch?: string) =>
    client.send(new DeleteObjectCommand({ Bucket: 'kept', Key: 'a', VersionId, IfMatch }))
  return { store, client, close, put, get, remove }
}

type Opened = Awaited<ReturnType<typeof open>>

/** The versions that are told again, oldest first. */
const eventsOf = (store: Store) => store.objects('kept').map(({ detail }) => detail.object['version-id'])

test('a versioned bucket keeps what newer objects took the place of, also across a restart', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const first = await open(folder.dir)
  const versions = [await first.put('kept', 'one'), await first.put('kept', 'two')]
  await first.remove()
  await expect(first.get()).rejects.toMatchObject({ name: 'NoSuchKey' })
  expect(eventsOf(first.store)).toEqual(versions)
  await first.close()

  const second = await open(folder.dir)
  onTestFinished(second.close)
  expect(await Promise.all(versions.map(version => second.get(version)))).toEqual(['one', 'two'])
  const third = await second.put('kept', 'three')
  expect(await second.get()).toBe('three')
  expect(eventsOf(second.store)).toEqual([...versions, third])

  const { Status } = await second.client.send(new GetBucketVersioningCommand({ Bucket: 'kept' }))
  expect(Status).toBe('Enabled')
  await second.client.send(
    new CopyObjectCommand({ Bucket: 'plain', Key: 'a', CopySource: `kept/a?versionId=${versions[0]}` })
  )
  expect(await second.get(undefined, 'plain')).toBe('one')

  await second.client.send(
    new DeleteObjectsCommand({ Bucket: 'kept', Delete: { Objects: [{ Key: 'a', VersionId: versions[0] }] } })
  )
  await expect(second.get(versions[0])).rejects.toMatchObject({ name: 'NoSuchVersion' })
  expect(await second.get(versions[1])).toBe('two')
})

test('what was deleted stays so when a later version goes, also across a restart', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const first = await open(folder.dir)
  const one = await first.put('kept', 'one')
  const two = await first.put('kept', 'two')
  await first.remove()
  const three = await first.put('kept', 'three')
  // The deletion came behind the second version: now it comes behind the first.
  await first.remove(two)
  await first.close()

  const second = await open(folder.dir)
  onTestFinished(second.close)
  expect(await second.get()).toBe('three')
  await second.remove(three)
  await expect(second.get()).rejects.toMatchObject({ name: 'NoSuchKey' })
  expect(await second.get(one)).toBe('one')
})

test('a version goes under the condition that it is the one that is meant', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const { put, get, remove, close } = await open(folder.dir)
  onTestFinished(close)
  const one = await put('kept', 'one')
  await put('kept', 'two')
  const tag = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`
  await expect(remove(one, tag('two'))).rejects.toMatchObject({ name: 'PreconditionFailed' })
  expect(await get(one)).toBe('one')
  await remove(one, tag('one'))
  await expect(get(one)).rejects.toMatchObject({ name: 'NoSuchVersion' })
})

test('an older version stays for a week after it was deleted or replaced, while the store runs and across restarts', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const days = (count: number) => vi.advanceTimersByTime(count * 24 * 3600 * 1000)
  // The SDK would believe the time in the answers' headers, which Node remembers for a second.
  const send = ({ store }: Opened, method: string, version?: string) =>
    rawRequest(
      { endpoint: store.endpoint, region, credentials, bucket: 'kept' },
      { method, key: 'a', query: version === undefined ? {} : { versionId: version } }
    )
  const put = async (opened: Opened) => (await send(opened, 'PUT')).headers['x-amz-version-id'] as string
  const isGone = async (opened: Opened, version: string) =>
    expect((await send(opened, 'GET', version)).code).toBe('NoSuchVersion')

  const first = await open(folder.dir)
  const one = await put(first)
  days(8)
  const two = await put(first)
  days(1)
  expect((await send(first, 'GET', one)).status).toBe(200)
  days(7)
  await vi.waitFor(() => isGone(first, one))
  await send(first, 'DELETE')
  await first.close()

  days(6)
  const second = await open(folder.dir)
  onTestFinished(second.close)
  expect((await send(second, 'GET', two)).status).toBe(200)
  days(2)
  await vi.waitFor(() => isGone(second, two))
  await vi.waitFor(async () => expect(await dataFiles(folder.dir)).toHaveLength(0))
})

test('other buckets keep none and name none', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const { put, get, close } = await open(folder.dir)
  onTestFinished(close)
  expect([await put('plain', 'one'), await put('plain', 'two')]).toEqual([undefined, undefined])
  expect(await get(undefined, 'plain')).toBe('two')
})

test('where the newest version went without a note of it, the one before takes its place', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const first = await open(folder.dir)
  await first.put('kept', 'one')
  const before = await dataFiles(folder.dir)
  await first.put('kept', 'two')
  const [newest] = (await dataFiles(folder.dir)).filter(file => !before.includes(file))
  await first.close()
  await rm(path.join(folder.dir, 'data', newest))

  const second = await open(folder.dir)
  onTestFinished(second.close)
  expect(await second.get()).toBe('one')
})
