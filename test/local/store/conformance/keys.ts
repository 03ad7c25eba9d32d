import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, test } from 'vitest'
import { textOf } from '../../../../local/store/xml.ts'
import { awkwardKeys } from '../keys.ts'
import { Bucket, client, failure, put, text } from './context.ts'
import { follow, linker, submit } from './requests.ts'

describe('keys', () => {
  test.each(awkwardKeys)('%j', async key => {
    await put(key, `content of ${key}`)
    expect(await text(key)).toBe(`content of ${key}`)
  })
  test.each(awkwardKeys)('%j by link', async Key => {
    const link = await getSignedUrl(linker, new PutObjectCommand({ Bucket, Key }))
    expect((await follow(link, { method: 'PUT', body: `content of ${Key}` })).status).toBe(200)
    const read = await follow(await getSignedUrl(linker, new GetObjectCommand({ Bucket, Key })))
    expect([read.status, read.body.toString()]).toEqual([200, `content of ${Key}`])
  })
  // A form's line ends are CRLF, whatever they were.
  test.each(awkwardKeys.filter(key => !key.includes('\n')))('%j by form', async Key => {
    const answer = await submit(
      { Key, Fields: { success_action_status: '201' } },
      { content: `content of ${Key}` }
    )
    expect([answer.status, textOf(answer.text, 'Key')]).toEqual([201, Key])
    expect(await text(Key)).toBe(`content of ${Key}`)
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
