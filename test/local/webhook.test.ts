import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { openWebhook } from '../../local/webhook.ts'

const cancelled = (clip: string): Announcement => ({
  type: 'job.cancelled',
  job: 'track-many-1',
  task: 'track-many',
  clip,
  key: `track-many/${clip}`,
  at: '2026-01-01T00:00:00Z'
})

/** A spool folder, and a receiver that answers each clip's announcement with a status; it keeps the clips in order. */
const receiver = async (status: (clip: string) => number | Promise<number>) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-webhook-'))
  const received: string[] = []
  const warnings: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { clip } = JSON.parse(body) as { clip: string }
      received.push(clip)
      void Promise.resolve(status(clip)).then(code => response.writeHead(code).end())
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })
  const open = async () => {
    const webhook = await openWebhook({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      secret: 'a secret of the receiver',
      folder,
      warn: problem => warnings.push(problem),
      pause: 10,
      tries: 3
    })
    onTestFinished(() => webhook[Symbol.asyncDispose]())
    return webhook
  }
  const spooled = async () => (await readdir(folder)).filter(name => name.endsWith('.json'))
  const failed = () => readdir(path.join(folder, 'failed'))
  return { folder, received, warnings, open, spooled, failed }
}

it('gives up after some tries, puts it aside, and goes on with the next', async () => {
  const { received, warnings, open, spooled, failed } = await receiver(clip => (clip === 'a' ? 503 : 204))
  const webhook = await open()
  for (const clip of ['a', 'b']) await webhook.send(cancelled(clip))
  await expect.poll(spooled).toEqual([])
  expect(received).toEqual(['a', 'a', 'a', 'b'])
  expect(await failed()).toHaveLength(1)
  expect(warnings).toHaveLength(3)
  expect(warnings[2]).toMatch(/it answered 503; .* is given up and kept in/)
})

it.each([
  [400, ['a', 'b']],
  [410, ['a', 'b']],
  [408, ['a', 'a', 'a', 'b']],
  [429, ['a', 'a', 'a', 'b']]
])('after %i the receiver gets %j', async (status, expected) => {
  const { received, open, spooled } = await receiver(clip => (clip === 'a' ? status : 204))
  const webhook = await open()
  for (const clip of ['a', 'b']) await webhook.send(cancelled(clip))
  await expect.poll(spooled).toEqual([])
  expect(received).toEqual(expected)
})

it('what was not received is sent by the next process, in order, though many came within one millisecond', async () => {
  let away = true
  const { received, open, spooled } = await receiver(() => (away ? 503 : 204))
  const clips = Array.from({ length: 20 }, (_, i) => `clip ${i}`)
  const before = await open()
  await Promise.all(clips.map(clip => before.send(cancelled(clip))))
  await before[Symbol.asyncDispose]()
  away = false
  received.length = 0
  await open()
  await expect.poll(spooled).toEqual([])
  expect(received).toEqual(clips)
})

it('goes on where somebody removes what it keeps', async () => {
  let remove: () => Promise<void> = () => Promise.resolve()
  const { folder, received, warnings, open, spooled, failed } = await receiver(async clip => {
    if (clip === 'a') await remove()
    return clip === 'b' ? 400 : 503
  })
  remove = async () => {
    const [first] = await spooled()
    await rm(path.join(folder, first))
  }
  const webhook = await open()
  for (const clip of ['a', 'b']) await webhook.send(cancelled(clip))
  await expect.poll(() => warnings.length).toBe(2)
  await expect.poll(failed).toHaveLength(1)
  await rm(path.join(folder, 'failed'), { recursive: true })
  await webhook.send(cancelled('b'))
  await expect.poll(failed).toHaveLength(1)
  expect(received).toEqual(['a', 'b', 'b'])
})
