import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import type { Job } from '../../events/job.ts'
import type { IntakeContext } from '../../functions/shared/context.ts'
import { createClient, openStorage } from '../../functions/shared/storage.ts'
import { startStore } from '../../local/store/store.ts'

/**
 * A context over a store of its own, with a clock that stands still; it keeps what is announced and started.
 * @param options.versioned buckets that keep versions
 */
export const makeWorld = async ({ versioned = [] }: { versioned?: string[] } = {}) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-world-'))
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
  const region = 'us-east-1'
  const store = await startStore({
    dir: path.join(folder, 'store'),
    credentials,
    region,
    buckets: ['uploads', 'results'],
    versioned
  })
  const client = createClient({ endpoint: store.endpoint, credentials, region })
  onTestFinished(async () => {
    client.destroy()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  const announced: Announcement[] = []
  const started: Job[] = []
  const context: IntakeContext = {
    uploads: openStorage({ bucket: 'uploads', client }),
    results: openStorage({ bucket: 'results', client }),
    models: {
      digest: name => `digest-of-${name}`,
      directory: digest => Promise.resolve(path.join(folder, digest)),
      describe: digest => Promise.reject(new Error(`no model ${digest} here`)),
      find: () => undefined,
      names: () => []
    },
    scratch: folder,
    threads: 1,
    foldThreads: 1,
    now: () => new Date('2026-01-01T00:00:00Z'),
    device: 'cpu',
    measure: () => undefined,
    announce: announcement => {
      announced.push(announcement)
      return Promise.resolve()
    },
    start: job => {
      started.push(job)
      return Promise.resolve()
    },
    remaining: () => Infinity
  }
  const list = async (prefix: string) => {
    const found: string[] = []
    for await (const { key } of context.results.list(prefix)) found.push(key)
    return found
  }
  const readJson = async (key: string): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await context.results.get(key)))
  return { context, client, announced, started, list, readJson }
}
