import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Context as LambdaContext } from 'aws-lambda'
import type { Announcement } from '../../events/announcement.ts'
import type { Job } from '../../events/job.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { retry, type Call } from '../../functions/chain.ts'
import { decodeHandler } from '../../functions/decode/handler.ts'
import { inferHandler } from '../../functions/infer/handler.ts'
import { planHandler } from '../../functions/plan/handler.ts'
import { renderHandler } from '../../functions/render/handler.ts'
import { clipMedia } from '../../functions/shared/clip.ts'
import type { Context } from '../../functions/shared/context.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { createClient, openStorage, type Storage } from '../../functions/shared/storage.ts'
import { storeHandler } from '../../functions/store/handler.ts'
import { openModels } from '../../layers/models/index.ts'
import { ensureModels } from '../../local/models.ts'
import { runJob } from '../../local/runner.ts'
import type { Workers } from '../../local/workers.ts'
import { readFootage } from '../corpus/footage.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { credentials, region, startIn } from '../local/store/target.ts'

/** For tests that need not wait: what is tried again is so without the pauses that give a storage time to come back. */
export const withoutPauses = () => {
  retry.firstDelaySeconds = retry.maxDelaySeconds = 0.05
}

export const signal = new AbortController().signal

/** What is asked of a clip, and the models that it takes. */
interface Asked {
  task: string
  options: Record<string, unknown>
  /** Puts them into a folder. */
  install: (models: string) => Promise<unknown>
}

const people: Asked = {
  task: 'track-many',
  options: { detectorSize: 192, minScore: 0.1 },
  install: models => ensureModels(models, ['clipmill-person-nano'])
}

/** What jobs need on this machine: models, and a clip of `frames` frames with people in it. */
export const prepare = async (frames: number, asked = people) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-faults-'))
  const [models, scratch] = [path.join(folder, 'models'), path.join(folder, 'scratch')]
  await mkdir(scratch)
  await asked.install(models)
  const [width, height] = [256, 192]
  const paint = await readFootage(width, height, Math.min(frames, 120))
  const clip = await makeClip(path.join(folder, 'street.mp4'), {
    width,
    height,
    frames,
    paint,
    options: { g: '15' },
    sound: 'aac'
  })
  let stores = 0
  return {
    asked,
    clip,
    models,
    scratch,
    newStoreFolder: () => path.join(folder, `store-${stores++}`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true })
  }
}
export type Bench = Awaited<ReturnType<typeof prepare>>

/** A store in a folder of its own, or in that of one that was closed. */
export const startStore = async (bench: Bench, { folder = bench.newStoreFolder(), port = 0 } = {}) => {
  const store = await startIn(folder, port)
  return { ...store, folder, [Symbol.asyncDispose]: store.close }
}

/** The functions' world over the store at `endpoint`; it keeps what is announced. */
export const openWorld = ({ models, scratch }: Pick<Bench, 'models' | 'scratch'>, endpoint: string) => {
  const client = createClient({ endpoint, credentials, region })
  const announced: Announcement[] = []
  const context: Context = {
    uploads: openStorage({ bucket: 'uploads', client }),
    results: openStorage({ bucket: 'results', client }),
    models: openModels(models),
    scratch,
    threads: 1,
    foldThreads: 1,
    now: () => new Date('2026-01-01T00:00:00Z'),
    device: 'cpu',
    measure: () => undefined,
    announce: announcement => {
      announced.push(announcement)
      return Promise.resolve()
    },
    remaining: () => Infinity
  }
  return { context, announced, [Symbol.dispose]: () => client.destroy() }
}

/** Uploads the clip and writes down a job for it, as intake does; the same job in every store. */
export const submit = async (
  { uploads, results, models }: Context,
  { clip: file, asked }: Bench
): Promise<Job> => {
  const key = 'clips/street.mp4'
  await uploads.uploadFile(key, file, { contentType: 'video/mp4' })
  const { size, etag } = (await uploads.head(key))!
  const clip = { bucket: 'uploads', key, bytes: size, etag }
  const { task, options } = asked
  const job = makeJob({ clip, name: 'street.mp4', task, options }, models.digest)
  await results.put(keys(job.id).job, JSON.stringify(job), { contentType: 'application/json' })
  return job
}

/**
 * Walks the job's chain with the functions in this process, which knows nothing of the clip yet; `onCall` is told of each
 * invocation: `infer detect 0`.
 */
export const walk = async (context: Context, job: Job, onCall: (call: string) => void = () => undefined) => {
  await clipMedia(context, { ...job, clip: { ...job.clip, etag: 'of another clip' } })
  await runJob(job, inProcess(context, onCall), { parallel: 1, signal })
}

const inProcess = (context: Context, onCall: (call: string) => void): Workers => {
  const open = () => context
  const handlers: Record<Call['function'], (event: unknown, lambda: LambdaContext) => unknown> = {
    plan: planHandler(open),
    decode: decodeHandler(open),
    infer: inferHandler(open),
    render: renderHandler(open),
    store: storeHandler(open)
  }
  return {
    invoke: async (name, event) => {
      const { stage, segment } = event as { stage?: string; segment?: number }
      onCall([name, stage, segment].filter(part => part !== undefined).join(' '))
      return await handlers[name as Call['function']](event, {} as LambdaContext)
    },
    [Symbol.asyncDispose]: () => Promise.resolve()
  }
}

/** Every result of the job with the digest of its bytes; of the manifests what they say, but for what took how long. */
export const resultsOf = async (results: Storage, job: Job) => {
  const found: Record<string, unknown> = {}
  for await (const { key } of results.list(`${job.task}/`))
    found[key] = key.endsWith('manifest.json')
      ? { ...(await results.getJson(key, manifestSchema)), timings: [] }
      : createHash('sha256')
          .update(await results.get(key))
          .digest('hex')
  return found
}

/** The results of the job where nothing goes wrong. */
export const undisturbed = async (bench: Bench) => {
  await using store = await startStore(bench)
  using world = openWorld(bench, store.endpoint)
  const job = await submit(world.context, bench)
  await walk(world.context, job)
  return await resultsOf(world.context.results, job)
}
