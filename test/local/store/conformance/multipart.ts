import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, get, md5, put, raw, text } from './context.ts'

describe('multipart', () => {
  const part = randomBytes(5 * 1024 ** 2)
  const begin = async (Key: string, ChecksumAlgorithm?: ChecksumAlgorithm) =>
    (
      await client.send(
        new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm, ContentType: 'a/b' })
      )
    ).UploadId
  const sendPart = (Key: string, UploadId: string | undefined, PartNumber: number, Body: Buffer | string) =>
    client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
  const complete = (
    Key: string,
    UploadId: string | undefined,
    Parts: { PartNumber: number; ETag?: string }[],
    more = {}
  ) =>
    client.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more })
    )

  test('makes one object of the parts', async () => {
    const Key = 'parts/whole'
    const UploadId = await begin(Key)
    const last = await sendPart(Key, UploadId, 7, 'tail')
    const first = await sendPart(Key, UploadId, 2, part)
    const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))
    expect(Parts).toMatchObject([
      { PartNumber: 2, Size: part.length },
      { PartNumber: 7, Size: 4 }
    ])
    await expect(get(Key)).rejects.toMatchObject(failure('NoSuchKey', 404))
    const { ETag } = await complete(Key, UploadId, [
      { PartNumber: 2, ETag: first.ETag },
      { PartNumber: 7, ETag: last.ETag }
    ])
    const tags = Buffer.from(`${md5(part)}${md5('tail')}`, 'hex')
    expect(ETag).toBe(`"${md5(tags)}-2"`)
    const got = await get(Key)
    expect(got).toMatchObject({ ContentLength: part.length + 4, ContentType: 'a/b', ETag })
    const whole = Buffer.concat([part, Buffer.from('tail')])
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(whole)).toBe(true)
    // A range across the border of two parts.
    const { Body } = await get(Key, { Range: `bytes=${part.length - 2}-${part.length + 1}` })
    expect(Buffer.from(await Body!.transformToByteArray()).equals(whole.subarray(-6, -2))).toBe(true)
  })
  test('keeps a checksum of checksums, or of the whole', async () => {
    for (const [algorithm, form] of [
      ['SHA256', /=-1$/],
      ['CRC64NVME', /^[^-]+$/]
    ] as const) {
      const Key = `parts/${algorithm}`
      const UploadId = await begin(Key, algorithm)
      const field = `Checksum${algorithm}` as const
      const sent = await client.send(
        new UploadPartCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 1,
          Body: 'x',
          ChecksumAlgorithm: algorithm
        })
      )
      await complete(Key, UploadId, [{ PartNumber: 1, ETag: sent.ETag, [field]: sent[field] }])
      const got = await get(Key, { ChecksumMode: 'ENABLED' })
      expect(got[field]).toMatch(form)
      expect(await got.Body!.transformToString()).toBe('x')
    }
  })
  test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as ChecksumAlgorithm[])(
    'knows %s of the whole from that of each part',
    async algorithm => {
      const Key = `parts/whole-${algorithm}`
      const field = `Checksum${algorithm}` as 'ChecksumCRC32'
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({
          Bucket,
          Key,
          ChecksumAlgorithm: algorithm,
          ChecksumType: 'FULL_OBJECT'
        })
      )
      const Parts = await Promise.all(
        [part, part, 'tail'].map(async (Body, i) => {
          const PartNumber = i + 1
          const { ETag } = await client.send(
            new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm: algorithm })
          )
          return { PartNumber, ETag }
        })
      )
      await complete(Key, UploadId, Parts)
      const whole = await put(`${Key}-at-once`, Buffer.concat([part, part, Buffer.from('tail')]), {
        ChecksumAlgorithm: algorithm
      })
      const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
      expect(head[field]).toBe(whole[field])
    }
  )
  test('takes the checksum of a part that came without one', async () => {
    const Key = 'parts/unsummed'
    const headers = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' }
    const { body } = await raw({ method: 'POST', key: Key, query: { uploads: '' }, headers })
    const [, UploadId] = /<UploadId>(.*?)</.exec(body.toString())!
    const query = { uploadId: UploadId, partNumber: '1' }
    const sent = await raw({ method: 'PUT', key: Key, query, body: '123456789' })
    const { ChecksumCRC32 } = await complete(Key, UploadId, [{ PartNumber: 1, ETag: sent.headers.etag }])
    expect(ChecksumCRC32).toBe(Buffer.from('cbf43926', 'hex').toString('base64'))
  })
  test('checks the list of parts', async () => {
    const Key = 'parts/checked'
    const UploadId = await begin(Key)
    const one = { PartNumber: 1, ETag: (await sendPart(Key, UploadId, 1, 'small')).ETag }
    const two = { PartNumber: 2, ETag: (await sendPart(Key, UploadId, 2, 'small')).ETag }
    await expect(complete(Key, UploadId, [one, two])).rejects.toMatchObject(failure('EntityTooSmall', 400))
    await expect(complete(Key, UploadId, [two, one])).rejects.toMatchObject(failure('InvalidPartOrder', 400))
    await expect(complete(Key, UploadId, [{ ...one, ETag: '"other"' }])).rejects.toMatchObject(
      failure('InvalidPart', 400)
    )
    await expect(complete(Key, UploadId, [{ ...one, PartNumber: 3 }])).rejects.toMatchObject(
      failure('InvalidPart', 400)
    )
    await complete(Key, UploadId, [two])
    expect(await text(Key)).toBe('small')
  })
  test('completes once where that is asked', async () => {
    const Key = 'parts/once'
    await put(Key, 'first')
    const UploadId = await begin(Key)
    const one = { PartNumber: 1, ETag: (await sendPart(Key, UploadId, 1, 'second')).ETag }
    await expect(complete(Key, UploadId, [one], { IfNoneMatch: '*' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    expect(await text(Key)).toBe('first')
  })
  test('can be given up; then nothing of it is left', async () => {
    const Key = 'parts/abandoned'
    const UploadId = await begin(Key)
    await sendPart(Key, UploadId, 1, 'x')
    const open = async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }))).Uploads ?? []
    expect(await open()).toMatchObject([{ Key, UploadId }])
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    expect(await open()).toEqual([])
    await expect(sendPart(Key, UploadId, 2, 'x')).rejects.toMatchObject(failure('NoSuchUpload', 404))
  })
  test('takes a stream of unknown length through lib-storage', async () => {
    const pieces = [part, part, Buffer.from('tail')]
    await new Upload({ client, params: { Bucket, Key: 'parts/stream', Body: Readable.from(pieces) } }).done()
    const { ETag, Body } = await get('parts/stream')
    expect(ETag).toMatch(/-3"$/)
    expect(Buffer.from(await Body!.transformToByteArray()).equals(Buffer.concat(pieces))).toBe(true)
  })
})
