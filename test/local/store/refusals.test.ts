import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { expect, test } from 'vitest'
import { exchange, rawRequest } from './raw.ts'
import { startIn, temporaryFolder } from './target.ts'
import { dataFiles, largeForm, storageAt, targetAt } from './world.ts'

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
