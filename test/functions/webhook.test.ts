import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { isGenuineWebhook } from '../../events/webhook.ts'
import { postAnnouncement } from '../../functions/webhook/index.ts'

const secret = 'not to be told'
const event = { id: 'event-1', 'detail-type': 'job.accepted', detail: { job: 'track-many-1' } }

/** A webhook that answers with `status`. */
const listen = async (status: number) => {
  const received: { headers: http.IncomingHttpHeaders; body: string }[] = []
  const server = http
    .createServer((request, response) => {
      void text(request).then(body => {
        received.push({ headers: request.headers, body })
        response.writeHead(status).end()
      })
    })
    .listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received }
}

it('posts what the bus delivers, signed, as the server of one machine does', async () => {
  const { url, received } = await listen(204)
  await postAnnouncement({ url, secret }, event)
  const [{ headers, body }] = received
  expect(JSON.parse(body)).toEqual({ type: 'job.accepted', job: 'track-many-1' })
  expect(headers['clipmill-id']).toBe('event-1')
  expect(isGenuineWebhook(secret, headers, body)).toBe(true)
})

it.each([400, 500])('an answer of %i is a fault, so that the event comes again', async status => {
  const { url } = await listen(status)
  await expect(postAnnouncement({ url, secret }, event)).rejects.toMatchObject({
    code: 'webhook-refused',
    details: { reason: `it answered ${status}` }
  })
})

it('so is a webhook that is not there', async () => {
  await expect(postAnnouncement({ url: 'http://127.0.0.1:9/', secret }, event)).rejects.toMatchObject({
    code: 'webhook-refused'
  })
})
