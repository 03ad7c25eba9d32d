import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { isGenuineWebhook } from '../../events/webhook.ts'
import { newestKey } from '../../functions/shared/keys.ts'
import { openStorage } from '../../functions/shared/storage.ts'
import { chooseAddress, readAddress } from '../../local/address.ts'
import { announcementsOf, jobState, listJobs } from '../../local/announcements.ts'
import { controlKey } from '../../local/controls.ts'
import { ensureModels } from '../../local/models.ts'
import { bucketNames, openBuckets, openClient } from '../../local/buckets.ts'
import { serve } from '../../local/serve.ts'
import { makeClip } from '../layers/media/make-clip.ts'

const base = await mkdtemp(path.join(tmpdir(), 'clipmill-serve-'))
const models = path.join(base, 'models')
const clips = {
  short: path.join(base, 'short.mp4'),
  other: path.join(base, 'other.mp4'),
  long: path.join(base, 'long.mp4')
}
beforeAll(async () => {
  await ensureModels(models, ['clipmill-person-nano'])
  await makeClip(clips.short, { frames: 6 })
  await makeClip(clips.other, { frames: 7 })
  await makeClip(clips.long, { frames: 150 })
})
afterAll(() => rm(base, { recursive: true, force: true }))

let ports = 20_000 + (process.pid % 10_000)

/** Serves from a folder of its own until the test ends, or until it is stopped; it can be started again. */
const serving = async (options: { webhook?: string } = {}) => {
  const folder = await mkdtemp(path.join(base, 'folder-'))
  const address = await chooseAddress(folder, ports++)
  const inbox = path.join(folder, 'inbox')
  const client = openClient(address.port, address.credentials, { checksums: false })
  const storages = {
    uploads: openStorage({ bucket: bucketNames.uploads, client }),
    results: openStorage({ bucket: bucketNames.results, client })
  }
  const shown: Announcement[] = []
  const warnings: string[] = []
  let stop = () => Promise.resolve()
  const start = async (own = address) => {
    const ending = new AbortController()
    let ended = Promise.resolve()
    await new Promise<void>((resolve, reject) => {
      ended = serve({
        folder,
        models,
        address: own,
        inbox,
        ...options,
        show: announcement => shown.push(announcement),
        warn: problem => warnings.push(problem),
        onReady: resolve,
        signal: ending.signal
      })
      ended.catch(reject)
    })
    stop = async () => {
      ending.abort(new Error('stopped'))
      await ended
    }
  }
  await start()
  onTestFinished(async () => {
    await stop()
    client.destroy()
  })

  /** Small pictures, no overlay: it is not they that are tested here. */
  const metadata = { 'clipmill-options': JSON.stringify({ detectorSize: 160, overlay: false }) }
  const upload = async (key: string, file = clips.short) => {
    const Body = await readFile(file)
    await client.send(
      new PutObjectCommand({ Bucket: bucketNames.uploads, Key: key, Body, Metadata: metadata })
    )
  }
  const until = async (met: () => boolean | Promise<boolean>) => {
    for (const end = Date.now() + 40_000; !(await met()); await sleep(50))
      if (Date.now() > end)
        throw new Error(`it did not come to it: ${JSON.stringify([shown.slice(-4), warnings])}`)
  }
  const states = () => listJobs(storages.results)
  /** Waits until there are that many jobs and all have ended. */
  const jobsEnded = async (count: number) => {
    await until(async () => {
      const jobs = await states()
      return jobs.length === count && jobs.every(({ state }) => !['waiting', 'running'].includes(state))
    })
    return states()
  }
  const manifestOf = async (id: string) => {
    const end = (await announcementsOf(storages.results, id)).find(told => told.type === 'job.completed')
    return storages.results.getJson(end!.manifest, manifestSchema)
  }
  return {
    ...storages,
    client,
    folder,
    address,
    inbox,
    shown,
    warnings,
    metadata,
    start,
    stop: () => stop(),
    upload,
    until,
    jobsEnded,
    manifestOf
  }
}

describe('whatever way a clip comes', () => {
  it('by the SDK, by links for PUT and POST, and through the inbox, it is one job each', async () => {
    const { client, inbox, metadata, upload, jobsEnded, manifestOf } = await serving()
    const body = await readFile(clips.short)
    await upload('track-many/sdk.mp4')

    const put = await getSignedUrl(
      client,
      new PutObjectCommand({ Bucket: bucketNames.uploads, Key: 'track-many/put.mp4' })
    )
    expect((await fetch(put, { method: 'PUT', body })).status).toBe(200)

    const post = await createPresignedPost(client, {
      Bucket: bucketNames.uploads,
      Key: 'track-many/post.mp4',
      Conditions: [['content-length-range', 1, 1e6]],
      Fields: { 'x-amz-meta-clipmill-options': metadata['clipmill-options'] }
    })
    const form = new FormData()
    for (const [name, value] of Object.entries(post.fields)) form.append(name, value)
    form.append('file', new Blob([body]))
    expect((await fetch(post.url, { method: 'POST', body: form })).status).toBe(204)

    await mkdir(path.join(inbox, 'track-many'), { recursive: true })
    await writeFile(path.join(inbox, 'track-many/dropped in.mp4'), body)
    await writeFile(path.join(inbox, 'track-many/dropped in.mp4.json'), '{"options": {"lostFor": 7}}')

    const jobs = await jobsEnded(4)
    expect(jobs.map(({ state }) => state)).toEqual(Array(4).fill('completed'))
    const manifests = await Promise.all(jobs.map(({ id }) => manifestOf(id)))
    expect(manifests.map(({ job }) => job.name).toSorted()).toEqual([
      'dropped in.mp4',
      'post.mp4',
      'put.mp4',
      'sdk.mp4'
    ])
    expect(manifests.find(({ job }) => job.name === 'dropped in.mp4')!.job.options.lostFor).toBe(7)
    expect(manifests.map(({ frames }) => frames)).toEqual([6, 6, 6, 6])
  })

  it('a ticket asks for several jobs on it', async () => {
    const { uploads, upload, jobsEnded } = await serving()
    await upload('clips/a.mp4')
    const options = { detectorSize: 160, overlay: false }
    const tasks = [
      { task: 'track-many', options },
      { task: 'track-many', options: { ...options, lostFor: 5 } }
    ]
    await uploads.put('mine.job.json', JSON.stringify({ clip: 'clips/a.mp4', tasks }), {
      contentType: 'application/json'
    })
    expect((await jobsEnded(2)).map(({ state }) => state)).toEqual(['completed', 'completed'])
  })

  it('what is no clip is refused or fails with one clear announcement, and nothing hangs', async () => {
    const { uploads, shown, jobsEnded } = await serving()
    await uploads.put('track-many/notes.mp4', 'no video', { contentType: 'video/mp4' })
    await uploads.put('wrong.job.json', '{', { contentType: 'application/json' })
    expect((await jobsEnded(1)).map(({ state }) => state)).toEqual(['failed'])
    expect(shown.filter(({ type }) => type === 'job.failed')).toMatchObject([
      { fault: { code: 'clip-not-video' } }
    ])
    expect(shown.filter(({ type }) => type === 'upload.refused')).toMatchObject([
      { key: 'wrong.job.json', fault: { code: 'ticket-invalid' } }
    ])
  })

  it('under whatever key', async () => {
    const { upload, jobsEnded, manifestOf } = await serving()
    const names = [
      'with space + plus & 100%.mp4',
      'ünï çødé 🎬 [1] (2).mp4',
      'a.b.c..mp4',
      'no-suffix',
      'deep/er/"quoted"\'s.mp4',
      'n'.repeat(1024 - 'track-many/'.length)
    ]
    for (const name of names) await upload(`track-many/${name}`)
    const jobs = await jobsEnded(names.length)
    expect(jobs.map(({ state }) => state)).toEqual(names.map(() => 'completed'))
    const found = await Promise.all(jobs.map(({ id }) => manifestOf(id)))
    expect(found.map(({ job }) => job.name).toSorted()).toEqual(names.toSorted())
    expect(found.map(({ frames }) => frames)).toEqual(names.map(() => 6))
  })
})

it('of two uploads under one key in a row both results are right, and the newer is under the plain name', async () => {
  const { results, upload, jobsEnded, manifestOf } = await serving()
  await upload('track-many/a.mp4', clips.short)
  await upload('track-many/a.mp4', clips.other)
  const jobs = await jobsEnded(2)
  const manifests = await Promise.all(jobs.map(({ id }) => manifestOf(id)))
  expect(manifests.map(({ frames }) => frames).toSorted()).toEqual([6, 7])
  expect((await results.getJson(newestKey('track-many', 'a.mp4'), manifestSchema)).frames).toBe(7)
})

describe('stopped and started again', () => {
  it('takes uploads that come as soon as its port answers', async () => {
    const { client, inbox, shown, until, start, stop } = await serving()
    const keys = Array.from({ length: 30 }, (_, i) => `${i}.job.json`)
    const links = await Promise.all(
      keys.map(Key => getSignedUrl(client, new PutObjectCommand({ Bucket: bucketNames.uploads, Key })))
    )
    await stop()
    // What there is to read makes the start take a while.
    await appendFile(path.join(path.dirname(inbox), 'taken'), 'F\n'.repeat(2e7))
    const send = async (link: string) => {
      for (;;) {
        const answer = await fetch(link, { method: 'PUT', body: 'no ticket' }).catch(() => undefined)
        if (answer?.ok) return
      }
    }
    const sending = Promise.all(links.map(send))
    await start()
    await sending
    const refused = () => new Set(shown.flatMap(told => (told.type === 'upload.refused' ? told.key : [])))
    await until(() => refused().size === keys.length)
  })

  it('it goes on with what was unfinished, and does nothing twice', async () => {
    const { upload, shown, until, start, stop, jobsEnded, manifestOf } = await serving()
    await upload('track-many/short.mp4')
    await jobsEnded(1)
    await upload('track-many/long.mp4', clips.long)
    await until(() => shown.filter(({ type }) => type === 'job.started').length === 2)
    await stop()
    await start()
    const jobs = await jobsEnded(2)
    expect(jobs.map(({ state }) => state)).toEqual(['completed', 'completed'])
    expect(
      (await Promise.all(jobs.map(({ id }) => manifestOf(id)))).map(({ frames }) => frames).toSorted()
    ).toEqual([150, 6])
    const told = shown.filter(({ type }) => type !== 'job.progress').map(({ type }) => type)
    expect(told.filter(type => type === 'job.accepted')).toHaveLength(2)
    expect(told.filter(type => type === 'job.completed')).toHaveLength(2)
  })

  it('a changed side file or a replaced clip makes no job of an upload that was taken', async () => {
    const { uploads, upload, start, stop, jobsEnded, until } = await serving()
    await upload('track-many/a.mp4')
    await jobsEnded(1)
    await uploads.put('track-many/a.mp4.json', '{"options": {"lostFor": 3}}', {
      contentType: 'application/json'
    })
    await sleep(300)
    await stop()
    await start()
    await upload('track-many/b.mp4')
    await until(async () => (await jobsEnded(2)).length === 2)
  })
})

it('a job is cancelled in mid-step, stays so, and is taken up again when somebody wants it', async () => {
  const { results, upload, shown, until, start, stop, jobsEnded, manifestOf } = await serving()
  await upload('track-many/long.mp4', clips.long)
  await until(() => shown.some(({ type }) => type === 'job.progress'))
  const [{ id }] = await listJobs(results)
  await results.put(controlKey(id, 'cancel'), '{}', { contentType: 'application/json' })
  expect(await jobsEnded(1)).toEqual([{ id, state: 'cancelled' }])
  await stop()
  await start()
  await sleep(500)
  expect(await jobState(results, id)).toBe('cancelled')

  await results.put(controlKey(id, 'retry'), '{}', { contentType: 'application/json' })
  await until(async () => (await jobState(results, id)) === 'completed')
  expect((await manifestOf(id)).frames).toBe(150)
})

it('a job that waits for its turn is cancelled at once, without a warning, also after a new start', async () => {
  const { results, upload, shown, warnings, until, start, stop } = await serving()
  const count = availableParallelism() + 1
  for (let i = 0; i < count; i++) await upload(`track-many/${i}.mp4`, clips.long)
  const accepted = () => shown.flatMap(told => (told.type === 'job.accepted' ? told.job : []))
  const begun = () => shown.flatMap(told => (told.type === 'job.started' ? told.job : []))
  await until(() => accepted().length === count && begun().length === count - 1)
  await stop()
  await start()
  const waiting = accepted().find(id => !begun().includes(id))!
  await results.put(controlKey(waiting, 'cancel'), '{}', { contentType: 'application/json' })
  await until(async () => (await jobState(results, waiting)) === 'cancelled')
  expect(shown.some(({ type }) => type === 'job.completed')).toBe(false)
  expect(warnings).toEqual([])
})

it('two uploads under one key that came while nobody listened are two jobs', async () => {
  const { folder, address, start, stop, jobsEnded, metadata } = await serving()
  await stop()
  {
    await using buckets = await openBuckets({ folder, ...address, versions: true })
    for (const file of [clips.short, clips.other])
      await buckets.uploads.uploadFile('track-many/a.mp4', file, { contentType: 'video/mp4', metadata })
  }
  await start()
  expect((await jobsEnded(2)).map(({ state }) => state)).toEqual(['completed', 'completed'])
})

it('a second one on the same folder, on whatever port, ends and changes nothing', async () => {
  const { folder, address, start } = await serving()
  expect(await readAddress(folder)).toEqual(address)
  await expect(start(await chooseAddress(folder, address.port + 5000))).rejects.toMatchObject({
    code: 'store-in-use'
  })
  expect(await readAddress(folder)).toEqual(address)
})

it('announcements are sent to a webhook, signed, and again where it did not take them', async () => {
  const received: { body: string; headers: Record<string, string | string[] | undefined> }[] = []
  let refusals = 2
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const refused = refusals-- > 0
      if (!refused) received.push({ body, headers: request.headers })
      response.writeHead(refused ? 503 : 204).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { address, upload, until, warnings } = await serving({ webhook })
  await upload('track-many/a.mp4')
  await until(() => received.some(({ body }) => body.includes('job.completed')))
  expect(received.map(({ body }) => (JSON.parse(body) as Announcement).type)).toEqual([
    'job.accepted',
    'job.started',
    'job.completed'
  ])
  expect(warnings).toHaveLength(2)
  const [{ body, headers }] = received
  expect(isGenuineWebhook(address.webhookSecret, headers, body)).toBe(true)
  expect(isGenuineWebhook('another secret', headers, body)).toBe(false)
  expect(isGenuineWebhook(address.webhookSecret, headers, `${body} `)).toBe(false)
  expect(isGenuineWebhook(address.webhookSecret, headers, body, { now: Date.now() / 1000 + 301 })).toBe(false)
})
