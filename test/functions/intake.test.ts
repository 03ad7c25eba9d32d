import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import type { Upload } from '../../events/upload.ts'
import { intake } from '../../functions/intake/index.ts'
import { keys } from '../../functions/shared/keys.ts'
import { makeWorld } from './world.ts'

const json = { contentType: 'application/json' }
const video = { contentType: 'video/mp4' }

const uploaded = async (world: Awaited<ReturnType<typeof makeWorld>>, key: string): Promise<Upload> => {
  const { size, etag, versionId } = (await world.context.uploads.head(key))!
  return { bucket: 'uploads', key, bytes: size, etag, ...(versionId && { version: versionId }) }
}

describe('a clip below the name of a task', () => {
  it('is one job, with complete options, the models’ digests and a place for its results', async () => {
    const world = await makeWorld()
    const key = 'track-many/finals 2026/semi + final.mp4'
    await world.context.uploads.put(key, 'clip', video)
    const { started } = await intake(world.context, [await uploaded(world, key)])
    expect(started).toMatchObject([
      {
        task: 'track-many',
        options: { detector: 'clipmill-person-nano', minScore: 0.4 },
        models: { detect: 'digest-of-clipmill-person-nano' },
        name: 'finals 2026/semi + final.mp4',
        results: expect.stringMatching(
          /^track-many\/finals 2026\/semi \+ final\.mp4\/[0-9a-f]{24}\/$/
        ) as string
      }
    ])
    expect(world.started).toEqual(started)
    expect(await world.readJson(keys(started[0].id).job)).toEqual(JSON.parse(JSON.stringify(started[0])))
    expect(world.announced).toMatchObject([
      { type: 'job.accepted', job: started[0].id, clip: started[0].name }
    ])
  })

  it('is the same job however often its event comes, and is announced once', async () => {
    const world = await makeWorld()
    await world.context.uploads.put('track-many/a.mp4', 'clip', video)
    const upload = await uploaded(world, 'track-many/a.mp4')
    const first = await intake(world.context, [upload, upload])
    const second = await intake(world.context, [{ ...upload, sequencer: '0FF' }])
    expect(new Set([...first.started, ...second.started].map(({ id }) => id)).size).toBe(1)
    expect(world.announced).toHaveLength(1)
  })

  it('is the same job where its event does not tell how large it is', async () => {
    const world = await makeWorld()
    await world.context.uploads.put('track-many/a.mp4', 'clip', video)
    const { bytes, ...told } = await uploaded(world, 'track-many/a.mp4')
    const { started } = await intake(world.context, [told])
    expect(started).toMatchObject([{ clip: { bytes } }])
    const gone = await intake(world.context, [{ ...told, key: 'track-many/b.mp4' }])
    expect(gone.refused).toMatchObject([{ code: 'clip-missing' }])
    const suspect = await intake(world.context, [{ ...told, suspect: 'THREATS_FOUND' }])
    expect(suspect).toMatchObject({ started: [], refused: [{ code: 'upload-suspect' }] })
  })

  it('is another job when its content is another', async () => {
    const world = await makeWorld()
    const ids = []
    for (const content of ['one', 'two']) {
      await world.context.uploads.put('track-many/a.mp4', content, video)
      const { started } = await intake(world.context, [await uploaded(world, 'track-many/a.mp4')])
      ids.push(started[0].id)
    }
    expect(ids[0]).not.toBe(ids[1])
  })

  it('takes options from its metadata, or from a file beside it', async () => {
    const world = await makeWorld()
    await world.client.send(
      new PutObjectCommand({
        Bucket: 'uploads',
        Key: 'track-many/a.mp4',
        Body: 'clip',
        Metadata: { 'clipmill-options': '{"lostFor": 7}' }
      })
    )
    await world.context.uploads.put('track-many/b.mp4', 'clip', video)
    await world.context.uploads.put('track-many/b.mp4.json', '{"options": {"lostFor": 8}}', json)
    const uploads = await Promise.all(
      ['track-many/a.mp4', 'track-many/b.mp4', 'track-many/b.mp4.json'].map(key => uploaded(world, key))
    )
    const { started } = await intake(world.context, uploads)
    expect(started.map(({ clip, options }) => [clip.key, options.lostFor])).toEqual([
      ['track-many/a.mp4', 7],
      ['track-many/b.mp4', 8]
    ])
  })
})

describe('an upload taken late, in a bucket that keeps versions', () => {
  it('has the options that came with it, whatever came under its key since, or that it was deleted', async () => {
    const world = await makeWorld({ versioned: ['uploads'] })
    const key = 'track-many/a.mp4'
    const uploads: Upload[] = []
    for (const lostFor of [7, 8]) {
      const Metadata = { 'clipmill-options': JSON.stringify({ lostFor }) }
      await world.client.send(new PutObjectCommand({ Bucket: 'uploads', Key: key, Body: 'clip', Metadata }))
      uploads.push(await uploaded(world, key))
    }
    const lostFor = async () => (await intake(world.context, uploads)).started.map(job => job.options.lostFor)
    expect(await lostFor()).toEqual([7, 8])
    await world.context.uploads.delete(key)
    expect(await lostFor()).toEqual([7, 8])
  })

  it('asks for what its ticket said', async () => {
    const world = await makeWorld({ versioned: ['uploads'] })
    await world.context.uploads.put('clips/a.mp4', 'clip', video)
    const uploads: Upload[] = []
    for (const minScore of [0.5, 0.6]) {
      const ticket = { clip: 'clips/a.mp4', tasks: [{ task: 'track-many', options: { minScore } }] }
      await world.context.uploads.put('1.job.json', JSON.stringify(ticket), json)
      uploads.push(await uploaded(world, '1.job.json'))
    }
    const { started } = await intake(world.context, uploads)
    expect(started.map(({ options }) => options.minScore)).toEqual([0.5, 0.6])
  })
})

it('metadata that makes no sense refuses this upload, and the others of the batch are taken', async () => {
  const world = await makeWorld()
  const Metadata = { 'clipmill-options': '5' }
  await world.client.send(
    new PutObjectCommand({ Bucket: 'uploads', Key: 'track-many/a.mp4', Body: 'clip', Metadata })
  )
  await world.context.uploads.put('track-many/b.mp4', 'clip', video)
  const uploads = await Promise.all(['track-many/a.mp4', 'track-many/b.mp4'].map(key => uploaded(world, key)))
  const { started, refused } = await intake(world.context, uploads)
  expect(started.map(({ name }) => name)).toEqual(['b.mp4'])
  expect(refused).toMatchObject([{ code: 'ticket-invalid' }])
})

it('a key of 1,024 bytes is taken, or refused, like any other', async () => {
  const world = await makeWorld()
  const clip = `track-many/${'é'.repeat(506)}a`
  const ticket = `${'t'.repeat(1015)}.job.json`
  await world.context.uploads.put(clip, 'clip', video)
  await world.context.uploads.put(ticket, '{}', json)
  const { started, refused } = await intake(world.context, [
    await uploaded(world, clip),
    await uploaded(world, ticket)
  ])
  expect(refused).toHaveLength(1)
  await world.context.results.put(`${started[0].results}tracks.coco.json`, '', json)
})

describe('a ticket', () => {
  it('asks for any number of jobs on a clip that is there', async () => {
    const world = await makeWorld()
    await world.context.uploads.put('clips/a.mp4', 'clip', video)
    const tasks = [{ task: 'track-many' }, { task: 'track-many', options: { minScore: 0.5 } }]
    await world.context.uploads.put('orders/1.job.json', JSON.stringify({ clip: 'clips/a.mp4', tasks }), json)
    const { started } = await intake(world.context, [await uploaded(world, 'orders/1.job.json')])
    expect(started.map(({ options }) => options.minScore)).toEqual([0.4, 0.5])
    expect(new Set(started.map(({ id }) => id)).size).toBe(2)
  })

  it.each([
    ['that is not JSON', 'walk the dog', 'ticket-invalid'],
    ['that names no task', '{"clip": "clips/a.mp4", "tasks": []}', 'ticket-invalid'],
    [
      'with a word too many',
      '{"clip": "clips/a.mp4", "task": [], "tasks": [{"task": "track-many"}]}',
      'ticket-invalid'
    ],
    [
      'for a clip that is not there',
      '{"clip": "clips/b.mp4", "tasks": [{"task": "track-many"}]}',
      'clip-missing'
    ],
    [
      'for a task that is not there',
      '{"clip": "clips/a.mp4", "tasks": [{"task": "juggle"}]}',
      'task-unknown'
    ],
    [
      'with an option out of range',
      '{"clip": "clips/a.mp4", "tasks": [{"task": "track-many", "options": {"minScore": 3}}]}',
      'options-invalid'
    ],
    [
      'of which one half is right',
      '{"clip": "clips/a.mp4", "tasks": [{"task": "track-many"}, {"task": "juggle"}]}',
      'task-unknown'
    ],
    ['that is empty', '', 'ticket-invalid'],
    ['that is far too long', ' '.repeat(1_000_001), 'ticket-invalid']
  ])('%s leaves an error object that says what to do, and starts nothing', async (_, text, code) => {
    const world = await makeWorld()
    await world.context.uploads.put('clips/a.mp4', 'clip', video)
    await world.context.uploads.put('orders/1.job.json', text, json)
    const { started, refused } = await intake(world.context, [await uploaded(world, 'orders/1.job.json')])
    expect(started).toEqual([])
    expect(refused).toMatchObject([{ code }])
    expect(await world.readJson('refused/orders/1.job.json.error.json')).toMatchObject({
      code,
      key: 'orders/1.job.json',
      next: expect.any(String) as string
    })
    expect(world.announced).toMatchObject([{ type: 'upload.refused', fault: { code } }])
  })
})

it('what is neither a clip of a task nor a ticket is none of our business', async () => {
  const world = await makeWorld()
  for (const key of ['clips/a.mp4', 'readme.txt', 'track-many/', 'constructor/a.mp4']) {
    await world.context.uploads.put(key, 'x', video)
    expect(await intake(world.context, [await uploaded(world, key)])).toEqual({ started: [], refused: [] })
  }
  expect(await world.list('')).toEqual([])
})
