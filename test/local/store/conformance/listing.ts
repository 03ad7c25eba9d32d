import { ListObjectsCommand, ListObjectsV2Command, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, md5, put } from './context.ts'

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
  test('of the first version goes page by page too', async () => {
    await Promise.all(['1/a', '1/b', '2', '3/a', '4'].map(key => put(`older/${key}`, 'x')))
    const seen: string[] = []
    let Marker: string | undefined
    do {
      const page = await client.send(
        new ListObjectsCommand({ Bucket, Prefix: 'older/', Delimiter: '/', MaxKeys: 1, Marker })
      )
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key!))
      seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    expect(seen).toEqual(['older/1/', 'older/2', 'older/3/', 'older/4'])
  })
  test('of the first version goes on behind a key that is the prefix itself', async () => {
    const keys = ['', 'b', 'c'].map(key => `prefix/${key}`)
    await Promise.all(keys.map(key => put(key, 'x')))
    const { Contents } = await client.send(
      new ListObjectsCommand({ Bucket, Prefix: 'prefix/', Delimiter: '/', Marker: 'prefix/' })
    )
    expect(Contents!.map(({ Key }) => Key)).toEqual(keys.slice(1))
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
