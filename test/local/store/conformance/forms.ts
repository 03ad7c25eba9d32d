import { createHash } from 'node:crypto'
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { describe, expect, test } from 'vitest'
import { signerOf } from '../raw.ts'
import { Bucket, client, get, ours, target, text } from './context.ts'
import { follow, submit } from './requests.ts'

const exists = async (Key: string) =>
  (await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }))).KeyCount! > 0

/** Sends a form whose policy is what is given, rightly signed. */
const submitSigned = async (policy: string) => {
  const { credentials, region } = target
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
  return submit(
    { Key: 'post/policy' },
    {
      change: {
        Policy: policy,
        'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
        'X-Amz-Date': date,
        'X-Amz-Signature': signerOf(target, scope)(policy)
      }
    }
  )
}

describe('forms', () => {
  test('upload under its key, with type and metadata', async () => {
    const Fields = { 'Content-Type': 'video/mp4', 'x-amz-meta-who': 'me' }
    expect((await submit({ Key: 'post/a +%é.mp4', Fields })).status).toBe(204)
    expect(await text('post/a +%é.mp4')).toBe('content')
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'post/a +%é.mp4' }))).toMatchObject({
      ContentType: 'video/mp4',
      Metadata: { who: 'me' },
      ContentLength: 7
    })
  })

  test('name the file by itself where their key asks for that', async () => {
    expect((await submit({ Key: 'post/named/${filename}' })).status).toBe(204)
    expect(await text('post/named/clip one.mp4')).toBe('content')
  })

  test('are answered as they ask: 200, 201 with a document, or a redirect', async () => {
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

  test('of a size that their policy does not allow is refused, and nothing is there', async () => {
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

  test('may have any value that their policy lets begin so, and no other', async () => {
    const Key = 'post/free'
    const Conditions: PresignedPostOptions['Conditions'] = [['starts-with', '$Content-Type', 'video/']]
    const change = (type: string) => ({ change: { 'Content-Type': type } })
    expect((await submit({ Key, Conditions }, change('video/webm'))).status).toBe(204)
    expect(await submit({ Key, Conditions }, change('text/html'))).toMatchObject({
      status: 403,
      text: expect.stringContaining('AccessDenied') as string
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
  test.each(broken)('with %s are refused, and nothing is there', async (_, change, code) => {
    const answer = await submit({ Key: 'post/refused' }, { change })
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining(`<Code>${code}</Code>`)])
    expect(await exists('post/refused')).toBe(false)
    expect(await exists('post/other')).toBe(false)
  })

  test('whose policy is none are refused', async () => {
    for (const policy of [
      'not base64 of JSON',
      '{"conditions": []}',
      '{"expiration": "tomorrow", "conditions": []}'
    ]) {
      const encoded = Buffer.from(policy).toString('base64')
      const answer = await submitSigned(encoded)
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('InvalidPolicyDocument')])
    }
  })
  test('without a signature are refused', async () => {
    const form = new FormData()
    form.append('key', 'post/unsigned')
    form.append('file', new Blob(['content']))
    expect((await fetch(`${target.endpoint}/${Bucket}`, { method: 'POST', body: form })).status).toBe(403)
    expect(await exists('post/unsigned')).toBe(false)
  })
  test('with a checksum that is not that of the file are refused', async () => {
    const sum = (of: string) => createHash('sha256').update(of).digest('base64')
    const Key = 'post/summed'
    const fields = (of: string) => ({ Key, Fields: { 'x-amz-checksum-sha256': sum(of) } })
    expect(await submit(fields('other'))).toMatchObject({
      status: 400,
      text: expect.stringContaining('BadDigest') as string
    })
    expect(await exists(Key)).toBe(false)
    expect((await submit(fields('content'))).status).toBe(204)
    expect((await get(Key, { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(sum('content'))
  })
  test('may have fields that say x-ignore-, and anything behind the file', async () => {
    const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'post/ignored' })
    const form = new FormData()
    for (const [name, value] of Object.entries({ ...fields, 'x-ignore-this': '1' })) form.append(name, value)
    form.append('file', new Blob(['content']))
    form.append('submit', 'Upload')
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    expect(await text('post/ignored')).toBe('content')
  })
  test('may have fields behind the file that would be too long or too many before it', async () => {
    const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'post/behind' })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob(['content']))
    form.append('long', 'x'.repeat(30_000))
    for (let i = 0; i < 120; i++) form.append(`field-${i}`, '')
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    expect(await text('post/behind')).toBe('content')
  })
  ours('with an access list that this store does not know are refused', 'a full S3 does', async () => {
    const answer = await submit({ Key: 'post/public', Fields: { acl: 'public-read' } })
    expect(answer.status).toBe(501)
    expect(await exists('post/public')).toBe(false)
  })
  test('take the name of the file for what it is', async () => {
    const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'post/dollar/${filename}' })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob(['content']), "a $& b $' ü 🎬.mp4")
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    expect(await text("post/dollar/a $& b $' ü 🎬.mp4")).toBe('content')
  })
  test('whose policy has expired are refused', async () => {
    expect(await submit({ Key: 'post/late', Expires: -1 })).toMatchObject({
      status: 403,
      text: expect.stringContaining('expired') as string
    })
  })

  test('without a file, cut off in it, or without a boundary leave nothing', async () => {
    const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'post/cut' })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(400)

    form.append('file', new Blob(['content']))
    const response = new Response(form)
    const type = response.headers.get('content-type')!
    const whole = Buffer.from(await response.arrayBuffer())
    const cut = whole.subarray(0, whole.indexOf('content') + 3)
    for (const sent of [
      { body: cut, type },
      { body: whole, type: 'multipart/form-data' }
    ]) {
      const answer = await follow(url, {
        method: 'POST',
        body: sent.body,
        headers: { 'content-type': sent.type }
      })
      expect(answer).toMatchObject({ status: 400, code: 'MalformedPOSTRequest' })
    }
    expect(await exists('post/cut')).toBe(false)
  })
})
