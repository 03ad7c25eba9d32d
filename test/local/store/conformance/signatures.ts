import { describe, expect, test } from 'vitest'
import { rawRequest } from '../raw.ts'
import { ours, put, raw, target } from './context.ts'

describe('signatures', () => {
  const now = Date.now()
  const minutes = 60_000
  test('a request without one is refused', async () => {
    const answer = await raw({ key: 'secret', tamper: ({ headers }) => delete headers.authorization })
    expect(answer).toMatchObject({ status: 403, code: 'AccessDenied' })
  })
  test('a wrong one is refused', async () => {
    const answer = await raw({
      key: 'secret',
      tamper: ({ headers }) => (headers.authorization = headers.authorization.replace(/.{4}$/, '0000'))
    })
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })
  test('covers the path, the query and the headers', async () => {
    for (const tamper of [
      (sent: { path: string }) => (sent.path = sent.path.replace('secret', 'other')),
      (sent: { path: string }) => (sent.path += '?response-expires=x'),
      (sent: { headers: Record<string, string> }) => (sent.headers.range = 'bytes=1-2')
    ])
      expect(await raw({ key: 'secret', headers: { range: 'bytes=0-1' }, tamper })).toMatchObject({
        code: 'SignatureDoesNotMatch'
      })
    const added = await raw({ key: 'secret', tamper: ({ headers }) => (headers['x-amz-meta-added'] = 'x') })
    expect(added.code).toBe('AccessDenied')
  })
  test('an unknown key id is named', async () => {
    const other = { ...target, credentials: { ...target.credentials, accessKeyId: 'unknown' } }
    expect(await rawRequest(other, { key: 'secret' })).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId'
    })
  })
  test('is good for 15 minutes around its time', async () => {
    await put('secret', 'x')
    expect((await raw({ key: 'secret', time: now - 14 * minutes })).status).toBe(200)
    for (const time of [now - 16 * minutes, now + 16 * minutes])
      expect(await raw({ key: 'secret', time })).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed' })
  })
  test('may stand in the address: presigned GET and PUT', async () => {
    const query = { 'x-amz-meta-task': 'track' }
    expect((await raw({ method: 'PUT', key: 'presigned', query, body: 'content', expires: 60 })).status).toBe(
      200
    )
    const answer = await raw({ key: 'presigned', expires: 60, time: now - 30_000 })
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'x-amz-meta-task': 'track' },
      body: Buffer.from('content')
    })
  })
  ours('in the address brings no metadata that no header can carry', 'others encode it', async () => {
    for (const [name, value] of [
      ['x-amz-meta-task', '日本'],
      ['x-amz-meta-task', 'two\nlines'],
      ['x-amz-meta-ü', 'x']
    ])
      expect(
        await raw({ method: 'PUT', key: 'unreadable', query: { [name]: value }, body: 'x', expires: 60 })
      ).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(await raw({ key: 'unreadable' })).toMatchObject({ code: 'NoSuchKey' })
  })
  test('in the address ends when it says, and covers the method', async () => {
    expect(await raw({ key: 'presigned', expires: 60, time: now - 90_000 })).toMatchObject({
      status: 403,
      code: 'AccessDenied'
    })
    const forged = (sent: { path: string }) => (sent.path = sent.path.replace('Expires=60', 'Expires=600'))
    expect(await raw({ key: 'presigned', expires: 60, tamper: forged })).toMatchObject({
      code: 'SignatureDoesNotMatch'
    })
  })
})
