import { createHash } from 'node:crypto'
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { failure, get, put, raw } from './context.ts'

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
