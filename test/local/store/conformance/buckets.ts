import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { Bucket, client, failure, ours, target } from './context.ts'

describe('buckets', () => {
  test('are listed, and answer to HEAD', async () => {
    const { Buckets } = await client.send(new ListBucketsCommand())
    expect(Buckets!.map(({ Name }) => Name)).toContain(Bucket)
    await client.send(new HeadBucketCommand({ Bucket }))
  })
  ours('are made once', 'AWS answers so outside of us-east-1 alone', async () => {
    await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject(
      failure('BucketAlreadyOwnedByYou', 409)
    )
  })
  test('have legal names', async () => {
    await expect(client.send(new CreateBucketCommand({ Bucket: 'No_Name' }))).rejects.toMatchObject(
      failure('InvalidBucketName', 400)
    )
  })
  test('tell their region, and whether they keep versions', async () => {
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket }))
    expect(LocationConstraint ?? 'us-east-1').toBe(target.region)
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }))
    expect([undefined, 'Enabled', 'Suspended']).toContain(Status)
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
