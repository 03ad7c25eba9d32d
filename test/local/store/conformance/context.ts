import { createHash } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { GetObjectCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { rawRequest } from '../raw.ts'
import { conformanceTarget } from '../target.ts'

/** What all files of the conformance suite share: one target, and the requests that they make most. */
export const target = await conformanceTarget()
export const { client, bucket: Bucket } = target

export const put = (
  Key: string,
  Body: PutObjectCommandInput['Body'],
  more: Partial<PutObjectCommandInput> = {}
) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))

export const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }))

export const text = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, more)).Body!.transformToString()

export const raw = (options: Parameters<typeof rawRequest>[1]) => rawRequest(target, options)

/** What the SDK throws where S3 answers with that code. */
export const failure = (name: string, httpStatusCode: number) => ({
  name,
  $metadata: expect.objectContaining({ httpStatusCode }) as unknown
})

export const md5 = (data: Buffer | string) => createHash('md5').update(data).digest('hex')

/** A check of what our own store alone does so; elsewhere it is skipped, for the reason that is given. */
export const ours = (name: string, reason: string, check: () => Promise<void>) =>
  test(name, async ({ skip }) => {
    skip(target.elsewhere, reason)
    await check()
  })
