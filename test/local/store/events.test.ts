import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { expect, test, vi } from 'vitest'
import { objectCreated } from '../../../events/upload.ts'
import type { ObjectCreated } from '../../../events/upload.ts'
import { createClient, openStorage } from '../../../functions/shared/storage.ts'
import { awkwardKeys } from './keys.ts'
import { credentials, region, startIn, temporaryFolder } from './target.ts'

const type = { contentType: 'video/mp4' }

test("each new object is told in EventBridge's words", async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const client = createClient({ endpoint: store.endpoint, region, credentials })
  const storage = openStorage({ bucket: 'uploads', client })
  const events: ObjectCreated[] = []
  const stop = store.onObjectCreated(event => events.push(event))
  const told = async (count: number) => {
    while (events.length < count) await new Promise(resolve => setTimeout(resolve, 1))
  }

  await storage.put('track/a b+c é.mp4', 'clip', type)
  await client.send(
    new CopyObjectCommand({
      Bucket: 'results',
      Key: 'copy',
      CopySource: 'uploads/track/a%20b%2Bc%20%C3%A9.mp4'
    })
  )
  expect(await storage.putOnce('track/a b+c é.mp4', 'other', type)).toBe('exists')
  await told(2)

  expect(events.map(event => objectCreated.parse(event))).toEqual(events)
  expect(events[0]).toMatchObject({
    version: '0',
    account: '000000000000',
    region,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
    resources: ['arn:aws:s3:::uploads'],
    detail: {
      version: '0',
      bucket: { name: 'uploads' },
      object: {
        key: 'track/a b+c é.mp4',
        size: 4,
        etag: (await storage.head('track/a b+c é.mp4'))!.etag,
        sequencer: expect.stringMatching(/^[\dA-F]{18}$/) as unknown
      },
      reason: 'PutObject'
    }
  })
  expect(events[1].detail).toMatchObject({ bucket: { name: 'results' }, reason: 'CopyObject' })

  stop()
  await storage.put('unheard', 'x', type)
  expect(events).toHaveLength(2)
  await store.close()
})

test('keys are told as they are, however the object came', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const client = createClient({ endpoint: store.endpoint, region, credentials })
  const told: ObjectCreated['detail'][] = []
  store.onObjectCreated(({ detail }) => told.push(detail))
  // A form's line ends are CRLF, whatever they were.
  const keys = awkwardKeys.filter(key => !key.includes('\n'))
  const storage = openStorage({ bucket: 'uploads', client })
  for (const Key of keys) {
    await storage.put(Key, 'x', type)
    const { url, fields } = await createPresignedPost(client, { Bucket: 'uploads', Key })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob(['content']))
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
  }
  await vi.waitFor(() => expect(told).toHaveLength(2 * keys.length))
  expect(told.map(({ object, reason }) => [object.key, object.size, reason])).toEqual(
    keys.flatMap(key => [
      [key, 1, 'PutObject'],
      [key, 7, 'POST Object']
    ])
  )
  await store.close()
})

test('the sequencer grows, over restarts too', async () => {
  await using folder = await temporaryFolder()
  const sequencers: string[] = []
  for (let run = 0; run < 3; run++) {
    const store = await startIn(folder.dir)
    store.onObjectCreated(({ detail }) => sequencers.push(detail.object.sequencer!))
    const client = createClient({ endpoint: store.endpoint, region, credentials })
    const storage = openStorage({ bucket: 'uploads', client })
    await storage.put('same', 'x', type)
    await storage.put('same', 'y', type)
    while (sequencers.length < 2 * run + 2) await new Promise(resolve => setTimeout(resolve, 1))
    await store.close()
  }
  expect(sequencers).toEqual([...new Set(sequencers)].sort())
})
