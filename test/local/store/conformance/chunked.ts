import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { chunkedBody } from '../raw.ts'
import { raw } from './context.ts'

describe('chunked bodies', () => {
  const content = 'chunked content'
  const checksum = (of: string) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(crc32(of))
    return `x-amz-checksum-crc32:${bytes.toString('base64')}`
  }
  const send = (
    payload: string,
    {
      trailer,
      sign = payload.includes('AWS4'),
      edit = (s: string) => s,
      length = content.length
    }: {
      trailer?: string
      sign?: boolean
      edit?: (body: string) => string
      length?: number
    }
  ) =>
    raw({
      method: 'PUT',
      key: 'chunked',
      payload,
      headers: {
        'content-encoding': 'gzip,aws-chunked',
        'x-amz-decoded-content-length': String(length),
        ...(trailer && { 'x-amz-trailer': 'x-amz-checksum-crc32' })
      },
      chunks: (s, seed, preamble) =>
        edit(chunkedBody(content, { trailer, ...(sign && { sign: { sign: s, seed, preamble } }) }))
    })

  test.each([
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', checksum(content)],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', undefined],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', checksum(content)]
  ])('%s is decoded', async (payload, trailer) => {
    expect((await send(payload, { trailer })).status).toBe(200)
    const answer = await raw({ key: 'chunked' })
    expect(answer.body.toString()).toBe(content)
    expect(answer.headers['content-encoding']).toBe('gzip')
  })
  test.each(['STREAMING-UNSIGNED', 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'])(
    '%s is not known',
    async payload => {
      expect(await send(payload, { sign: false })).toMatchObject({ status: 501, code: 'NotImplemented' })
    }
  )
  test('a wrong checksum in the trailer is refused', async () => {
    const answer = await send('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { trailer: checksum('other') })
    expect(answer).toMatchObject({ status: 400, code: 'BadDigest' })
  })
  test('content that is not what was signed is refused', async () => {
    const edit = (body: string) => body.replace('chunked', 'CHUNKED')
    const answer = await send('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { edit })
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })
  test('a trailer that is not what was signed is refused', async () => {
    const edit = (body: string) => body.replace('x-amz-checksum-crc32:', 'x-amz-checksum-crc32:A')
    const answer = await send('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', {
      trailer: checksum(content),
      edit
    })
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })
  test('another length than announced is refused', async () => {
    const answer = await send('STREAMING-UNSIGNED-PAYLOAD-TRAILER', {
      trailer: checksum(content),
      length: 99
    })
    expect(answer).toMatchObject({ status: 400, code: 'IncompleteBody' })
  })
})
