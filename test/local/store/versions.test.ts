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
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../../functions/shared/storage.ts'
import { startStore } from '../../../local/store/store.ts'
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
  return { store, client, close, put, get }
}

test('a versioned bucket keeps what newer objects took the place of, also across a restart', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const first = await open(folder.dir)
  const versions = [await first.put('kept', 'one'), await first.put('kept', 'two')]
  await first.client.send(new DeleteObjectCommand({ Bucket: 'kept', Key: 'a' }))
  await expect(first.get()).rejects.toMatchObject({ name: 'NoSuchKey' })
  expect(first.store.objects('kept')).toEqual([])
  await first.close()

  const second = await open(folder.dir)
  onTestFinished(second.close)
  expect(await Promise.all(versions.map(version => second.get(version)))).toEqual(['one', 'two'])
  const third = await second.put('kept', 'three')
  expect(await second.get()).toBe('three')
  expect(second.store.objects('kept')).toMatchObject([{ detail: { object: { 'version-id': third } } }])

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
