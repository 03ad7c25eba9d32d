import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createClient } from '../../../functions/shared/storage.ts'
import { startStore } from '../../../local/store/store.ts'

export const region = 'eu-central-1'
export const credentials = { accessKeyId: 'local', secretAccessKey: 'only/for+tests' }

/** A folder that is gone after the test. */
export const temporaryFolder = async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'clipmill-test-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

export const startIn = (dir: string, port?: number) =>
  startStore({ dir, port, credentials, region, buckets: ['uploads', 'results'] })

/**
 * What the conformance suite runs against: a store of its own, or, to compare, any S3 whose CONFORMANCE_ENDPOINT,
 * CONFORMANCE_REGION, CONFORMANCE_BUCKET (empty, for this alone), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set.
 */
export const conformanceTarget = async () => {
  const {
    CONFORMANCE_ENDPOINT: endpoint,
    CONFORMANCE_REGION = region,
    CONFORMANCE_BUCKET = 'conformance',
    AWS_ACCESS_KEY_ID = '',
    AWS_SECRET_ACCESS_KEY = ''
  } = process.env
  if (endpoint !== undefined) {
    const keys = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
    return {
      endpoint,
      region: CONFORMANCE_REGION,
      bucket: CONFORMANCE_BUCKET,
      elsewhere: true,
      credentials: keys,
      client: createClient({ endpoint, region: CONFORMANCE_REGION, credentials: keys }),
      close: () => Promise.resolve()
    }
  }
  const folder = await temporaryFolder()
  const store = await startStore({ dir: folder.dir, credentials, region, buckets: ['conformance'] })
  const client = createClient({ endpoint: store.endpoint, region, credentials })
  return {
    endpoint: store.endpoint,
    region,
    bucket: 'conformance',
    elsewhere: false,
    credentials,
    client,
    close: async () => {
      client.destroy()
      await store.close()
      await folder[Symbol.asyncDispose]()
    }
  }
}
export type Target = Pick<
  Awaited<ReturnType<typeof conformanceTarget>>,
  'endpoint' | 'region' | 'bucket' | 'credentials'
>
