import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { expect, onTestFinished, test, vi } from 'vitest'
import { patience } from '../../../local/store/limits.ts'
import { exchange, rawRequest } from './raw.ts'
import { startIn, temporaryFolder } from './target.ts'
import { anyFile, dataFiles, largeForm, storageAt, targetAt, type } from './world.ts'

test('a form that is too large is refused before it came, and nothing of it is kept', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const Conditions: PresignedPostOptions['Conditions'] = [['content-length-range', 0, 1 << 20]]
  const form = await largeForm(store.endpoint, Conditions)
  expect(await exchange(store.endpoint, { ...form, stopAfter: 3 << 20 })).toMatchObject({
    status: 400,
    code: 'EntityTooLarge'
  })
  expect(await dataFiles(folder.dir)).toHaveLength(0)
  await store.close()
})

test('a copy may take longer than a client may be silent', async () => {
  await using folder = await temporaryFolder()
  onTestFinished(() => void vi.restoreAllMocks())
  const { idle } = patience
  patience.idle = 100
  onTestFinished(() => void (patience.idle = idle))
  const store = await startIn(folder.dir)
  await storageAt(store.endpoint).put('source', 'content', type)
  vi.spyOn(anyFile, 'datasync').mockImplementation(() => sleep(300))
  const headers = { 'x-amz-copy-source': '/results/source' }
  const copy = await rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'copy', headers })
  expect(copy.status).toBe(200)
  const stopAfter = 3
  const silent = rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'a', body: 'silent', stopAfter })
  await expect(silent).rejects.toThrow()
  await store.close()
})

test('a client that does not end its body after a refusal is left', async () => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const outgoing = http.request(`${store.endpoint}/results/clip`, {
    method: 'PUT',
    headers: { 'content-length': 1 << 30 }
  })
  outgoing.on('error', () => undefined).write('x')
  const [answer] = (await once(outgoing, 'response')) as [http.IncomingMessage]
  expect(answer.statusCode).toBe(403)
  answer.resume()
  await once(outgoing, 'close')
  await store.close()
})

test.each(['upload', 'form'])('an %s that its client cuts off leaves nothing', async how => {
  await using folder = await temporaryFolder()
  const store = await startIn(folder.dir)
  const body = randomBytes(3 << 20)
  const cutAfter = 2 << 20
  const cut =
    how === 'form'
      ? exchange(store.endpoint, { ...(await largeForm(store.endpoint)), cutAfter })
      : rawRequest(targetAt(store.endpoint), { method: 'PUT', key: 'cut', body, cutAfter })
  await expect(cut).rejects.toThrow()
  while ((await dataFiles(folder.dir)).length) await new Promise(resolve => setTimeout(resolve, 5))
  expect(await storageAt(store.endpoint).exists('cut')).toBe(false)
  await store.close()
})
