import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectTaggingCommand
} from '@aws-sdk/client-s3'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, get, md5, ours, put, text } from './context.ts'

describe('objects', () => {
  test('come back as they went in, with tag, type and metadata', async () => {
    const body = randomBytes(300_001)
    const { ETag } = await put('round/trip', body, {
      ContentType: 'video/mp4',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      Metadata: { task: 'track', empty: '' }
    })
    expect(ETag).toBe(`"${md5(body)}"`)
    const got = await get('round/trip')
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(body)).toBe(true)
    expect(got).toMatchObject({
      ETag,
      ContentLength: 300_001,
      ContentType: 'video/mp4',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      AcceptRanges: 'bytes',
      Metadata: { task: 'track', empty: '' }
    })
    expect(Math.abs(got.LastModified!.getTime() - Date.now())).toBeLessThan(60_000)
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'round/trip' }))
    expect(head).toMatchObject({ ContentLength: 300_001, ContentType: 'video/mp4', ETag })
  })
  test('may be empty', async () => {
    const { ETag } = await put('empty', new Uint8Array())
    expect(ETag).toBe(`"${md5('')}"`)
    expect(await text('empty')).toBe('')
  })
  test('may be a stream, which travels in chunks with its checksum behind', async () => {
    const body = randomBytes(300_000)
    await put('stream', Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]), {
      ContentLength: 300_000
    })
    const got = await get('stream')
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(body)).toBe(true)
    expect(got.ContentEncoding).toBeUndefined()
  })
  test('are replaced by the last write', async () => {
    await put('twice', 'first')
    await put('twice', 'second')
    expect(await text('twice')).toBe('second')
  })
  test('that are missing answer NoSuchKey, to HEAD without a body', async () => {
    await expect(get('missing')).rejects.toMatchObject(failure('NoSuchKey', 404))
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'missing' }))).rejects.toMatchObject(
      failure('NotFound', 404)
    )
  })
  test('are deleted; deleting what is not there is no error', async () => {
    await put('doomed', 'x')
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'doomed' }))
    await expect(get('doomed')).rejects.toMatchObject(failure('NoSuchKey', 404))
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'doomed' }))
  })
  test('are deleted by the list', async () => {
    const keys = ['many/1', 'many/<2> & "3"', 'many/🎬']
    await Promise.all(keys.map(key => put(key, 'x')))
    const Objects = [...keys, 'many/never'].map(Key => ({ Key }))
    const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted!.map(({ Key }) => Key).sort()).toEqual([...keys, 'many/never'].sort())
    expect(Errors).toBeUndefined()
    expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/' }))).KeyCount).toBe(0)
  })
  test('have answers whose headers a reader may choose', async () => {
    await put('override', 'x')
    expect(await get('override', { ResponseContentType: 'text/vtt' })).toMatchObject({
      ContentType: 'text/vtt'
    })
  })
  test('have at most 2 KiB of metadata', async () => {
    await expect(put('heavy', 'x', { Metadata: { a: 'x'.repeat(2048) } })).rejects.toMatchObject(
      failure('MetadataTooLarge', 400)
    )
  })
  test('have no tags unless they are given some', async () => {
    await put('untagged', 'x')
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'untagged' }))
    expect(TagSet ?? []).toEqual([])
  })
  ours('are not touched by what the store cannot do', 'a full S3 can', async () => {
    await put('tagged', 'x')
    const tag = new PutObjectTaggingCommand({
      Bucket,
      Key: 'tagged',
      Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] }
    })
    await expect(client.send(tag)).rejects.toMatchObject(failure('NotImplemented', 501))
    const unknown: Partial<PutObjectCommandInput>[] = [
      { Tagging: 'a=b' },
      { ACL: 'public-read' },
      { StorageClass: 'GLACIER' },
      { ServerSideEncryption: 'aws:kms' },
      { ServerSideEncryption: 'AES256', BucketKeyEnabled: true }
    ]
    for (const more of unknown)
      await expect(put('tagged', 'y', more)).rejects.toMatchObject(failure('NotImplemented', 501))
    expect(await text('tagged')).toBe('x')
  })
  test('may be asked to be what they are anyway', async () => {
    await put('ordinary', 'x', {
      ACL: 'bucket-owner-full-control',
      StorageClass: 'STANDARD',
      ServerSideEncryption: 'AES256'
    })
    expect(await text('ordinary')).toBe('x')
  })
  test('tell their attributes by the list', async () => {
    const { ETag } = await put('attributes', 'content', { ChecksumAlgorithm: 'SHA256' })
    const attributes = await client.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'attributes',
        ObjectAttributes: ['ETag', 'ObjectSize', 'Checksum']
      })
    )
    expect(attributes).toMatchObject({
      ETag: JSON.parse(ETag!) as string,
      ObjectSize: 7,
      Checksum: { ChecksumSHA256: createHash('sha256').update('content').digest('base64') }
    })
    expect(attributes.StorageClass).toBeUndefined()
  })
})
