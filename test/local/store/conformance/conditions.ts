import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import type { ObjectIdentifier } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, get, ours, put, text } from './context.ts'

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
  test('If-Match deletes what it names, and nothing else', async () => {
    const { ETag } = await put('delete/tag', 'x')
    const remove = (IfMatch?: string) =>
      client.send(new DeleteObjectCommand({ Bucket, Key: 'delete/tag', IfMatch }))
    await expect(remove('"other"')).rejects.toMatchObject(failure('PreconditionFailed', 412))
    expect(await text('delete/tag')).toBe('x')
    await remove(ETag)
    await expect(get('delete/tag')).rejects.toMatchObject(failure('NoSuchKey', 404))
  })
  ours('of a deletion by the list are refused', 'a full S3 knows some of them', async () => {
    const { ETag } = await put('delete/listed', 'x')
    const conditions: Partial<ObjectIdentifier>[] = [{ ETag }, { Size: 1 }, { LastModifiedTime: new Date() }]
    for (const condition of conditions) {
      const Delete = { Objects: [{ Key: 'delete/listed', ...condition }] }
      await expect(client.send(new DeleteObjectsCommand({ Bucket, Delete }))).rejects.toMatchObject(
        failure('NotImplemented', 501)
      )
    }
    expect(await text('delete/listed')).toBe('x')
  })
  test('If-Match lets one of ten swap', async () => {
    const { ETag } = await put('swap/race', '0')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => put('swap/race', `${i + 1}`, { IfMatch: ETag }))
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
