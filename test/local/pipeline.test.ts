import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import type { ObjectCreated } from '../../events/upload.ts'
import { bucketNames, openBuckets } from '../../local/buckets.ts'
import { ensureModels } from '../../local/models.ts'
import { openPipeline } from '../../local/pipeline.ts'
import { createClient } from '../../functions/shared/storage.ts'
import { makeClip } from '../layers/media/make-clip.ts'

it('the same upload delivered three times, out of order, in two batches, and once again after the end, is one job', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-pipeline-'))
  const models = path.join(folder, 'models')
  await ensureModels(models, ['clipmill-person-nano'])
  const told: Announcement[] = []
  const uploaded: ObjectCreated[] = []
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
  const buckets = await openBuckets({ folder, credentials })
  const pipeline = await openPipeline({
    buckets,
    folder,
    models,
    announce: announcement => told.push(announcement),
    admit: () => Promise.resolve(true),
    onUpload: event => uploaded.push(event),
    signal: new AbortController().signal
  })
  const client = createClient({ endpoint: buckets.store.endpoint, credentials, region: 'us-east-1' })
  onTestFinished(async () => {
    client.destroy()
    await pipeline[Symbol.asyncDispose]()
    await buckets[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const upload = async (key: string) => {
    const file = path.join(folder, 'clip.mp4')
    await makeClip(file, { frames: 5 })
    const Metadata = { 'clipmill-options': JSON.stringify({ detectorSize: 160, overlay: false }) }
    const Body = await readFile(file)
    await client.send(new PutObjectCommand({ Bucket: bucketNames.uploads, Key: key, Body, Metadata }))
  }

  await upload('track-many/a.mp4')
  await upload('track-many/b.mp4')
  await expect.poll(() => uploaded.length).toBe(2)
  const [first, second] = uploaded
  const answers = await Promise.all([second, first, first, second].map(event => pipeline.deliver(event)))
  const jobs = answers.flatMap(({ started }) => started)
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(2)
  await Promise.all(jobs.map(job => pipeline.start(job)))

  const job = jobs.find(({ name }) => name === 'a.mp4')!
  const key = `${job.results}manifest.json`
  const files = async () => (await buckets.results.getJson(key, manifestSchema)).files
  const before = await files()
  const { started } = await pipeline.deliver(first)
  expect(started.map(({ id }) => id)).toEqual([job.id])
  await pipeline.start(job)
  expect(await files()).toEqual(before)

  const manifests: string[] = []
  for await (const found of buckets.results.list('track-many/a.mp4/')) manifests.push(found.key)
  expect(manifests.filter(name => name.endsWith('manifest.json'))).toEqual([
    key,
    'track-many/a.mp4/manifest.json'
  ])
  expect(told.filter(({ type }) => type === 'job.failed')).toEqual([])
})

it('stopped at the very moment of an upload, it ends with that, and nothing is left unhandled', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-pipeline-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using buckets = await openBuckets({ folder })
  const stopped = new AbortController()
  // Told before the pipeline is, and before whoever uploads has an answer.
  buckets.store.onObjectCreated(({ detail }) => {
    if (detail.object.key.endsWith('.job.json')) stopped.abort(new Error('stopped'))
  })
  await using pipeline = await openPipeline({
    buckets,
    folder,
    models: path.join(folder, 'models'),
    announce: () => undefined,
    admit: () => Promise.resolve(true),
    signal: stopped.signal
  })
  const file = path.join(folder, 'clip.mp4')
  await makeClip(file, { frames: 2 })
  await expect(pipeline.submit(file, 'clip.mp4', [{ task: 'track-many', options: {} }])).rejects.toThrow(
    'stopped'
  )
})
