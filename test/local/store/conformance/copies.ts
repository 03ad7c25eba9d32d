import { createHash, randomBytes } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand
} from '@aws-sdk/client-s3'
import type { CopyObjectCommandInput } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, get, md5, put, raw } from './context.ts'

describe('copies', () => {
  test('keep their metadata, or get new', async () => {
    await put('copy/a+b c', 'content', { ContentType: 'text/plain', Metadata: { a: '1' } })
    const CopySource = `${Bucket}/copy/${encodeURIComponent('a+b c')}`
    const { CopyObjectResult } = await client.send(
      new CopyObjectCommand({ Bucket, Key: 'copy/same', CopySource })
    )
    expect(CopyObjectResult!.ETag).toBe(`"${md5('content')}"`)
    expect(await get('copy/same')).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' } })
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'copy/new',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' }
      })
    )
    const { Metadata, Body } = await get('copy/new')
    expect(Metadata).toEqual({ b: '2' })
    expect(await Body!.transformToString()).toBe('content')
  })
  test('know no other way with metadata', async () => {
    await put('copy/directed', 'x')
    const headers = { 'x-amz-copy-source': `${Bucket}/copy/directed`, 'x-amz-metadata-directive': 'MERGE' }
    const answer = await raw({ method: 'PUT', key: 'copy/merged', headers })
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' })
  })
  test('onto themselves must change something', async () => {
    await put('copy/self', 'x')
    await expect(
      client.send(new CopyObjectCommand({ Bucket, Key: 'copy/self', CopySource: `${Bucket}/copy/self` }))
    ).rejects.toMatchObject(failure('InvalidRequest', 400))
  })
  test('are made under conditions of their source and of their place', async () => {
    const { ETag } = await put('copy/source', 'content')
    const copy = (more: Partial<CopyObjectCommandInput>) =>
      client.send(
        new CopyObjectCommand({ Bucket, Key: 'copy/place', CopySource: `${Bucket}/copy/source`, ...more })
      )
    await expect(copy({ CopySourceIfMatch: '"other"' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    await expect(copy({ CopySourceIfNoneMatch: ETag })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    await copy({ CopySourceIfMatch: ETag, IfNoneMatch: '*' })
    await expect(copy({ IfNoneMatch: '*' })).rejects.toMatchObject(failure('PreconditionFailed', 412))
  })
  test('get the checksum that is asked for', async () => {
    await put('copy/source', 'content')
    const CopySource = `${Bucket}/copy/source`
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'copy/summed', CopySource, ChecksumAlgorithm: 'SHA256' })
    )
    expect((await get('copy/summed', { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(
      createHash('sha256').update('content').digest('base64')
    )
  })
  test('of what is missing are refused', async () => {
    const copy = new CopyObjectCommand({ Bucket, Key: 'copy/none', CopySource: `${Bucket}/copy/missing` })
    await expect(client.send(copy)).rejects.toMatchObject(failure('NoSuchKey', 404))
  })
  test('of ranges make the parts of an upload', async () => {
    const source = randomBytes(5 * 1024 ** 2 + 10)
    await put('copy/large', source)
    const Key = 'copy/joined'
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const part = (PartNumber: number, CopySourceRange: string, more = {}) =>
      client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber,
          CopySource: `${Bucket}/copy/large`,
          CopySourceRange,
          ...more
        })
      )
    const ranges = [`bytes=10-${source.length - 1}`, 'bytes=0-9']
    const Parts = await Promise.all(
      ranges.map(async (range, i) => ({
        PartNumber: i + 1,
        ETag: (await part(i + 1, range)).CopyPartResult!.ETag
      }))
    )
    await expect(part(3, `bytes=0-${source.length}`)).rejects.toMatchObject(failure('InvalidArgument', 400))
    await expect(part(3, 'bytes=0-9', { CopySourceIfMatch: '"other"' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })
    )
    const got = Buffer.from(await (await get(Key)).Body!.transformToByteArray())
    expect(got.equals(Buffer.concat([source.subarray(10), source.subarray(0, 10)]))).toBe(true)
  })
})
