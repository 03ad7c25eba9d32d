import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { createClient, openStorage, type Storage } from '../functions/shared/storage.ts'
import type { Credentials } from './store/signature.ts'
import { startStore, type Store } from './store/store.ts'

/** Stores and clients must name one; on one machine it means nothing. */
export const region = 'us-east-1'
export const bucketNames = { uploads: 'uploads', results: 'results' }

export const endpointOf = (port: number) => `http://127.0.0.1:${port}`

/** A client for the buckets of this machine. */
export const openClient = (port: number, credentials: Credentials, options: { checksums?: boolean } = {}) =>
  createClient({ endpoint: endpointOf(port), credentials, region, ...options })

interface BucketsOptions {
  /** Keeps the objects. */
  folder: string
  /** By default any free one, and keys that are good for this run. */
  port?: number
  credentials?: Credentials
  /** Whether uploads keep what newer ones take the place of, as in the cloud; without, an upload made again is the same job. */
  versions?: boolean
}

/** The two buckets of this machine, in the embedded store; who has them open has the folder alone. */
export interface Buckets extends AsyncDisposable {
  store: Store
  credentials: Credentials
  uploads: Storage
  results: Storage
}

/** @throws Fault store-in-use where another process works in the folder; port-in-use */
export const openBuckets = async ({
  folder,
  port,
  credentials = { accessKeyId: 'clipmill', secretAccessKey: randomBytes(24).toString('base64url') },
  versions = false
}: BucketsOptions): Promise<Buckets> => {
  const store = await startStore({
    dir: path.join(folder, 'store'),
    port,
    credentials,
    region,
    buckets: Object.values(bucketNames),
    versioned: versions ? [bucketNames.uploads] : []
  })
  const client = createClient({ endpoint: store.endpoint, credentials, region })
  return {
    store,
    credentials,
    uploads: openStorage({ bucket: bucketNames.uploads, client }),
    results: openStorage({ bucket: bucketNames.results, client }),
    async [Symbol.asyncDispose]() {
      client.destroy()
      await store.close()
    }
  }
}
