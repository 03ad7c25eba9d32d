import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  UploadPartCommand
} from '@aws-sdk/client-s3'
import type { ChecksumAlgorithm, GetObjectCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, describe, expect, test } from 'vitest'
import { awkwardKeys } from './keys.ts'
import { chunkedBody, rawRequest } from './raw.ts'
import { conformanceTarget } from './target.ts'

const target = await conformanceTarget()
const { client, bucket: Bucket } = target
afterAll(target.close)

const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }))
const text = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, more)).Body!.transformToString()
const raw = (options: Parameters<typeof rawRequest>[1]) => rawRequest(target, options)
const failure = (name: string, httpStatusCode: number) => ({
  name,
  $metadata: expect.objectContaining({ httpStatusCode }) as unknown
})
const md5 = (data: Buffer | string) => createHash('md5').update(data).digest('hex')

describe('buckets', () => {
  test('are listed, and answer to HEAD', async () => {
    const { Buckets } = await client.send(new ListBucketsCommand())
    expect(Buckets!.map(({ Name }) => Name)).toContain(Bucket)
    await client.send(new HeadBucketCommand({ Bucket }))
  })
  test('are made once, under a legal name', async () => {
    await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject(
      failure('BucketAlreadyOwnedByYou', 409)
    )
    await expect(client.send(new CreateBucketCommand({ Bucket: 'No_Name' }))).rejects.toMatchObject(
      failure('InvalidBucketName', 400)
    )
  })
  test('that do not exist are named in the error', async () => {
    const Key = 'x'
    const missing = { Bucket: `${Bucket}-missing`, Key }
    await expect(client.send(new GetObjectCommand(missing))).rejects.toMatchObject(
      failure('NoSuchBucket', 404)
    )
    await expect(client.send(new PutObjectCommand({ ...missing, Body: 'x' }))).rejects.toMatchObject(
      failure('NoSuchBucket', 404)
    )
  })
})

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
  test('are copied, with their metadata or new', async () => {
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
  test('cannot be copied onto themselves unchanged', async () => {
    await put('copy/self', 'x')
    await expect(
      client.send(new CopyObjectCommand({ Bucket, Key: 'copy/self', CopySource: `${Bucket}/copy/self` }))
    ).rejects.toMatchObject(failure('InvalidRequest', 400))
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
  test('are not touched by requests that the store does not know', async () => {
    await put('tagged', 'x')
    const answer = await client
      .send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))
      .catch((e: unknown) => e)
    // A full S3 knows tags: then there are none.
    expect(answer).toMatchObject(
      process.env.CONFORMANCE_ENDPOINT ? { TagSet: [] } : failure('NotImplemented', 501)
    )
    expect(await text('tagged')).toBe('x')
  })
})

describe('ranges', () => {
  const content = '0123456789'
  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', content, 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10']
  ])('%s', async (Range, expected, ContentRange) => {
    await put('range', content)
    const got = await get('range', { Range })
    expect(await got.Body!.transformToString()).toBe(expected)
    expect(got).toMatchObject({
      ContentRange,
      ContentLength: expected.length,
      $metadata: { httpStatusCode: 206 }
    })
  })
  test.each(['bytes=10-', 'bytes=-0'])('%s is not to be had', async Range => {
    await put('range', content)
    await expect(get('range', { Range })).rejects.toMatchObject(failure('InvalidRange', 416))
  })
  test.each(['bytes=3-1', 'bytes=x', 'lines=1-2'])('%s is no range: all is sent', async Range => {
    await put('range', content)
    expect(await text('range', { Range })).toBe(content)
  })
})

describe('conditions', () => {
  test('of a read', async () => {
    const { ETag } = await put('read', 'x')
    const { LastModified } = await get('read')
    const later = new Date(LastModified!.getTime() + 60_000)
    const earlier = new Date(LastModified!.getTime() - 60_000)
    expect(await text('read', { IfMatch: ETag })).toBe('x')
    await expect(get('read', { IfMatch: '"other"' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    await expect(get('read', { IfNoneMatch: ETag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 }
    })
    expect(await text('read', { IfNoneMatch: '"other"' })).toBe('x')
    await expect(get('read', { IfModifiedSince: LastModified })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 }
    })
    expect(await text('read', { IfModifiedSince: earlier })).toBe('x')
    expect(await text('read', { IfUnmodifiedSince: later })).toBe('x')
    await expect(get('read', { IfUnmodifiedSince: earlier })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    // If-None-Match decides where both are given.
    expect(await text('read', { IfNoneMatch: '"other"', IfModifiedSince: LastModified })).toBe('x')
  })
  test('If-None-Match: * writes once', async () => {
    await put('once', 'first', { IfNoneMatch: '*' })
    await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    expect(await text('once')).toBe('first')
  })
  test('If-None-Match: * lets one of twenty win', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => put('race', `writer ${i}`, { IfNoneMatch: '*' }))
    )
    const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
    expect(winners).toHaveLength(1)
    expect(await text('race')).toBe(`writer ${winners[0]}`)
  })
  test('If-Match is compare and swap', async () => {
    const { ETag } = await put('swap', '1')
    await put('swap', '2', { IfMatch: ETag })
    await expect(put('swap', '3', { IfMatch: ETag })).rejects.toMatchObject(
      failure('PreconditionFailed', 412)
    )
    await expect(put('swap/none', '3', { IfMatch: ETag })).rejects.toMatchObject(failure('NoSuchKey', 404))
    expect(await text('swap')).toBe('2')
  })
  test('If-Match lets one of ten swap', async () => {
    const { ETag } = await put('swap/race', '0')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => put('swap/race', `${i + 1}`, { IfMatch: ETag }))
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('checksums', () => {
  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as ChecksumAlgorithm[])(
    '%s is verified, kept and given back',
    async algorithm => {
      const field = `Checksum${algorithm}` as 'ChecksumCRC32'
      const sent = await put(`sum/${algorithm}`, 'content', { ChecksumAlgorithm: algorithm })
      expect(sent[field]).toMatch(/^[\w+/]+=*$/)
      const got = await get(`sum/${algorithm}`, { ChecksumMode: 'ENABLED' })
      expect(got).toMatchObject({ [field]: sent[field], ChecksumType: 'FULL_OBJECT' })
      // The SDK verifies it once more.
      expect(await got.Body!.transformToString()).toBe('content')
      await expect(put(`sum/${algorithm}/wrong`, 'other', { [field]: sent[field] })).rejects.toMatchObject(
        failure('BadDigest', 400)
      )
      await expect(get(`sum/${algorithm}/wrong`)).rejects.toMatchObject(failure('NoSuchKey', 404))
    }
  )
  test('Content-MD5 is verified', async () => {
    const ContentMD5 = createHash('md5').update('right').digest('base64')
    await put('md5', 'right', { ContentMD5 })
    await expect(put('md5/wrong', 'wrong', { ContentMD5 })).rejects.toMatchObject(failure('BadDigest', 400))
    const short = await raw({ method: 'PUT', key: 'md5', body: 'x', headers: { 'content-md5': 'eA==' } })
    expect(short.code).toBe('InvalidDigest')
  })
  test('the payload hash is verified', async () => {
    const payload = createHash('sha256').update('signed').digest('hex')
    const answer = await raw({ method: 'PUT', key: 'payload', body: 'forged', payload })
    expect(answer).toMatchObject({ status: 400, code: 'XAmzContentSHA256Mismatch' })
    await expect(get('payload')).rejects.toMatchObject(failure('NoSuchKey', 404))
  })
})

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
  test('in the address brings no metadata that no header can carry', async () => {
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

describe('listing', () => {
  test('goes in the order of UTF-8 bytes, page by page', async () => {
    const keys = ['a', 'a/b', 'a0', 'B', 'é', '\uffee', '🎬', '日本'].map(key => `list/${key}`)
    await Promise.all(keys.map(key => put(key, 'x')))
    const listed: string[] = []
    for await (const { Contents, KeyCount } of paginateListObjectsV2(
      { client, pageSize: 3 },
      { Bucket, Prefix: 'list/' }
    )) {
      expect(KeyCount).toBeLessThanOrEqual(3)
      listed.push(...Contents!.map(({ Key }) => Key!))
    }
    expect(listed).toEqual(keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
  })
  test('folds what lies behind the delimiter, page by page too', async () => {
    await Promise.all(['1/a', '1/b', '2', '3/a', '3/b/c', '4'].map(key => put(`fold/${key}`, 'x')))
    const seen: string[] = []
    for await (const { Contents = [], CommonPrefixes = [] } of paginateListObjectsV2(
      { client, pageSize: 1 },
      { Bucket, Prefix: 'fold/', Delimiter: '/' }
    ))
      seen.push(...Contents.map(({ Key }) => Key!), ...CommonPrefixes.map(({ Prefix }) => Prefix!))
    expect(seen).toEqual(['fold/1/', 'fold/2', 'fold/3/', 'fold/4'])
  })
  test('starts after a key, and tells size, tag and time', async () => {
    await put('start/a', 'x')
    await put('start/b', 'four')
    const { Contents } = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'start/', StartAfter: 'start/a' })
    )
    expect(Contents).toMatchObject([{ Key: 'start/b', Size: 4, ETag: `"${md5('four')}"` }])
    expect(Contents![0].LastModified).toBeInstanceOf(Date)
  })
  test('gives nothing for MaxKeys 0, and refuses a token that is not its own', async () => {
    const { KeyCount, IsTruncated } = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))
    expect([KeyCount, IsTruncated]).toEqual([0, false])
    await expect(
      client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: '!' }))
    ).rejects.toMatchObject(failure('InvalidArgument', 400))
  })
})

describe('keys', () => {
  test.each(awkwardKeys)('%j', async key => {
    await put(key, `content of ${key}`)
    expect(await text(key)).toBe(`content of ${key}`)
  })
  test('are all told apart, and listed with their names', async () => {
    const listed = new Set<string>()
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, EncodingType: 'url' }))
      for (const { Key } of Contents) listed.add(decodeURIComponent(Key!.replaceAll('+', ' ')))
    for (const key of awkwardKeys) {
      expect(await text(key)).toBe(`content of ${key}`)
      expect(listed).toContain(key)
    }
  })
  test('of more than 1,024 bytes are refused', async () => {
    await expect(put('é'.repeat(513), 'x')).rejects.toMatchObject(failure('KeyTooLongError', 400))
  })
})

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
