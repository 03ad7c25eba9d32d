import {
  CreateMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, get, put, text } from './context.ts'
import { follow, linker } from './requests.ts'

const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000)

describe('links', () => {
  test('let others upload and read, with any HTTP client', async () => {
    const Key = 'links/a +%é.mp4'
    const upload = await getSignedUrl(linker, new PutObjectCommand({ Bucket, Key, ContentType: 'video/mp4' }))
    expect(
      (await fetch(upload, { method: 'PUT', body: 'clip', headers: { 'content-type': 'video/mp4' } })).status
    ).toBe(200)
    expect(await get(Key)).toMatchObject({ ContentType: 'video/mp4', ContentLength: 4 })
    const read = await fetch(await getSignedUrl(linker, new GetObjectCommand({ Bucket, Key })))
    expect(await read.text()).toBe('clip')
    const head = await follow(await getSignedUrl(linker, new HeadObjectCommand({ Bucket, Key })), {
      method: 'HEAD'
    })
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '4' } })
  })
  test('may carry metadata, whatever their names begin with', async () => {
    const Metadata = { task: 'track', 'task-2': 'pose', task2: '' }
    const link = await getSignedUrl(linker, new PutObjectCommand({ Bucket, Key: 'links/metadata', Metadata }))
    expect((await follow(link, { method: 'PUT', body: 'x' })).status).toBe(200)
    expect((await get('links/metadata')).Metadata).toEqual(Metadata)
  })
  test('may be read in ranges, and say how the file is to be named', async () => {
    await put('links/range', '0123456789')
    const link = await getSignedUrl(
      linker,
      new GetObjectCommand({
        Bucket,
        Key: 'links/range',
        ResponseContentDisposition: 'attachment; filename="clip one.mp4"'
      })
    )
    const answer = await follow(link, { headers: { range: 'bytes=-3' } })
    expect(answer).toMatchObject({
      status: 206,
      body: Buffer.from('789'),
      headers: { 'content-disposition': 'attachment; filename="clip one.mp4"' }
    })
  })
  test('let others send the parts of an upload', async () => {
    const Key = 'links/parts'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const link = await getSignedUrl(linker, new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1 }))
    const { headers } = await follow(link, { method: 'PUT', body: 'part' })
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: headers.etag }] }
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    expect(await text(Key)).toBe('part')
  })
  test('end when they say', async () => {
    await put('links/late', 'x')
    const read = new GetObjectCommand({ Bucket, Key: 'links/late' })
    const good = await getSignedUrl(linker, read, { expiresIn: 60, signingDate: secondsAgo(30) })
    expect((await follow(good)).status).toBe(200)
    const late = await getSignedUrl(linker, read, { expiresIn: 60, signingDate: secondsAgo(90) })
    expect(await follow(late)).toMatchObject({ status: 403, code: 'AccessDenied' })
    const upload = new PutObjectCommand({ Bucket, Key: 'links/never' })
    const lateUpload = await getSignedUrl(linker, upload, { expiresIn: 60, signingDate: secondsAgo(90) })
    expect(await follow(lateUpload, { method: 'PUT', body: 'x' })).toMatchObject({ code: 'AccessDenied' })
    await expect(get('links/never')).rejects.toMatchObject(failure('NoSuchKey', 404))
  })
  test('are good for what they were signed for, and nothing else', async () => {
    await put('links/signed', 'x')
    await put('links/other', 'y')
    const link = await getSignedUrl(linker, new GetObjectCommand({ Bucket, Key: 'links/signed' }), {
      expiresIn: 60
    })
    for (const [address, method] of [
      [link, 'PUT'],
      [link, 'DELETE'],
      [link.replace('links/signed', 'links/other'), 'GET'],
      [link.replace('Expires=60', 'Expires=600'), 'GET'],
      [`${link}&response-content-type=text%2Fhtml`, 'GET'],
      [link.replace(/Signature=[\da-f]{8}/, 'Signature=00000000'), 'GET']
    ])
      expect(await follow(address, { method })).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    expect(await text('links/signed')).toBe('x')
  })
})
