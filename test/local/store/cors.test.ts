import { GetBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3'
import type { CORSRule } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { createClient } from '../../../functions/shared/storage.ts'
import { credentials, region, startIn, temporaryFolder } from './target.ts'

test('CORS rules last over restarts, and are those of one bucket', async () => {
  await using folder = await temporaryFolder()
  const CORSRules: CORSRule[] = [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'], MaxAgeSeconds: 0 }]
  const rules = async (Bucket: string, set = false) => {
    const store = await startIn(folder.dir)
    const client = createClient({ endpoint: store.endpoint, region, credentials })
    if (set) await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    const found = await client.send(new GetBucketCorsCommand({ Bucket })).catch((error: unknown) => error)
    client.destroy()
    await store.close()
    return found
  }
  await rules('uploads', true)
  expect(await rules('uploads')).toMatchObject({ CORSRules })
  expect(await rules('results')).toMatchObject({ name: 'NoSuchCORSConfiguration' })
  // The journal was written anew in between.
  expect(await rules('uploads')).toMatchObject({ CORSRules })
})
