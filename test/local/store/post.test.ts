import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, test } from 'vitest'
import { conformanceTarget } from './target.ts'

/** Part of the conformance suite: uploads by a browser's form, against the same target. */
const target = await conformanceTarget()
const { client, bucket: Bucket } = target
afterAll(target.close)

const submit = async (
  options: Partial<PresignedPostOptions> & { Key: string },
  { content = 'content', change = {} }: { content?: string; change?: Record<string, string> } = {}
) => {
  const { url, fields } = await createPresignedPost(client, { Bucket, ...options })
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...fields, ...change })) form.append(name, value)
  form.append('file', new Blob([content]), 'clip one.mp4')
  const response = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const read = async (Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()
const exists = async (Key: string) =>
  (await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }))).KeyCount! > 0

describe('a form', () => {
  test('uploads under its key, with type and metadata', async () => {
    const Fields = { 'Content-Type': 'video/mp4', 'x-amz-meta-who': 'me' }
    expect((await submit({ Key: 'post/a +%é.mp4', Fields })).status).toBe(204)
    expect(await read('post/a +%é.mp4')).toBe('content')
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'post/a +%é.mp4' }))).toMatchObject({
      ContentType: 'video/mp4',
      Metadata: { who: 'me' },
      ContentLength: 7
    })
  })

  test('names the file by itself where its key asks for that', async () => {
    expect((await submit({ Key: 'post/named/${filename}' })).status).toBe(204)
    expect(await read('post/named/clip one.mp4')).toBe('content')
  })

  test('answers as it asks: 200, 201 with a document, or a redirect', async () => {
    const Key = 'post/answered'
    expect((await submit({ Key, Fields: { success_action_status: '200' } })).status).toBe(200)
    const created = await submit({ Key, Fields: { success_action_status: '201' } })
    expect([created.status, created.text]).toEqual([201, expect.stringContaining(`<Key>${Key}</Key>`)])
    const redirected = await submit({
      Key,
      Fields: { success_action_redirect: 'https://example.com/done?a=1' }
    })
    expect(redirected.status).toBe(303)
    expect(redirected.headers.get('location')).toMatch(
      /^https:\/\/example\.com\/done\?a=1&bucket=.+&key=post%2Fanswered&etag=/
    )
  })

  test('of a size that its policy does not allow is refused, and nothing is there', async () => {
    const Conditions: PresignedPostOptions['Conditions'] = [['content-length-range', 5, 10]]
    const Key = 'post/sized'
    expect(await submit({ Key, Conditions }, { content: 'four' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('EntityTooSmall') as string
    })
    expect(await submit({ Key, Conditions }, { content: 'more than ten' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('EntityTooLarge') as string
    })
    expect(await exists(Key)).toBe(false)
    expect((await submit({ Key, Conditions })).status).toBe(204)
  })

  test('may have any value that its policy lets begin so, and no other', async () => {
    const Key = 'post/free'
    const Conditions: PresignedPostOptions['Conditions'] = [['starts-with', '$Content-Type', 'video/']]
    const change = (type: string) => ({ change: { 'Content-Type': type } })
    expect((await submit({ Key, Conditions }, change('video/webm'))).status).toBe(204)
    expect(await submit({ Key, Conditions }, change('text/html'))).toMatchObject({
      status: 403,
      text: expect.stringContaining('AccessDenied') as string
    })
  })
})

const broken: [what: string, change: Record<string, string>, code: string][] = [
  ['another key than the signed one', { key: 'post/other' }, 'AccessDenied'],
  ['a field that the policy does not name', { 'x-amz-meta-extra': '1' }, 'AccessDenied'],
  [
    'a policy that is not the signed one',
    { policy: Buffer.from('{}').toString('base64') },
    'SignatureDoesNotMatch'
  ],
  ['a wrong signature', { 'X-Amz-Signature': '0'.repeat(64) }, 'SignatureDoesNotMatch'],
  [
    'keys of somebody else',
    { 'X-Amz-Credential': 'other/20260101/eu-central-1/s3/aws4_request' },
    'InvalidAccessKeyId'
  ]
]
test.each(broken)('a form with %s is refused, and nothing is there', async (_, change, code) => {
  const answer = await submit({ Key: 'post/refused' }, { change })
  expect([answer.status, answer.text]).toEqual([403, expect.stringContaining(`<Code>${code}</Code>`)])
  expect(await exists('post/refused')).toBe(false)
  expect(await exists('post/other')).toBe(false)
})

test('a form whose policy has expired is refused', async () => {
  expect(await submit({ Key: 'post/late', Expires: -1 })).toMatchObject({
    status: 403,
    text: expect.stringContaining('expired') as string
  })
})

test('a form without a file, or that is cut off in the file, leaves nothing', async () => {
  const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'post/cut' })
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  expect((await fetch(url, { method: 'POST', body: form })).status).toBe(400)

  form.append('file', new Blob(['content']))
  const whole = await new Response(form).arrayBuffer()
  const type = new Response(form).headers.get('content-type')!
  const boundary = Buffer.from(whole).subarray(2, Buffer.from(whole).indexOf('\r\n')).toString()
  const headers = { 'content-type': `${type.split('boundary=')[0]}boundary=${boundary}` }
  const answer = await fetch(url, { method: 'POST', body: whole.slice(0, -boundary.length - 8), headers })
  expect(answer.status).toBe(400)
  expect(await exists('post/cut')).toBe(false)
})
