import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { Announcement } from '../events/announcement.ts'
import { Fault } from '../events/faults.ts'
import type { Job, Ticket } from '../events/job.ts'
import type { ObjectCreated } from '../events/upload.ts'
import type { IntakeAnswer } from '../functions/intake/index.ts'
import { createClient, openStorage, type Storage } from '../functions/shared/storage.ts'
import { startGate } from './gate.ts'
import { runJob, withRetries } from './runner.ts'
import type { Credentials } from './store/signature.ts'
import { startStore, type Store } from './store/store.ts'
import { startWorkers } from './workers.ts'

/** Stores and clients must name one; on one machine it means nothing. */
export const region = 'us-east-1'
export const buckets = { uploads: 'uploads', results: 'results' }

export const endpointOf = (port: number) => `http://127.0.0.1:${port}`

/** A client for the buckets of this machine. */
export const openClient = (port: number, credentials: Credentials, options: { checksums?: boolean } = {}) =>
  createClient({ endpoint: endpointOf(port), credentials, region, ...options })

interface PipelineOptions {
  /** Keeps the store and scratch files; an unfinished job in it goes on when its clip is uploaded again. */
  folder: string
  /** Folder of the built models. */
  models: string
  /** Of the store; by default any free port, and keys that are good for this run. */
  port?: number
  credentials?: Credentials
  /** Whether uploads keep what newer ones take the place of, as in the cloud; without, an upload made again is the same job. */
  versions?: boolean
  announce: (announcement: Announcement) => void
  /** Asked before a job's chain begins: whether there is anything to do; what it throws ends the job. */
  admit: (job: Job) => Promise<boolean>
  /** Told of each new upload, and when intake has dealt with it; by default it only is dealt with. */
  onUpload?: (event: ObjectCreated, taken: Promise<IntakeAnswer>) => void
  signal: AbortSignal
}

export interface Pipeline extends AsyncDisposable {
  store: Store
  uploads: Storage
  results: Storage
  /**
   * Uploads a clip and a ticket for it; answers when its jobs have been accepted, with the end of each.
   * @throws Fault why the ticket was refused
   */
  submit(file: string, name: string, tasks: Ticket['tasks']): Promise<{ job: Job; done: Promise<void> }[]>
  /** Hands an event to intake, which starts its jobs. */
  deliver(event: ObjectCreated): Promise<IntakeAnswer>
  /** Walks the job's chain, unless it is being walked; resolves at its end. */
  start(job: Job): Promise<void>
  /** Stops walking it, in mid-step; false where nobody does. */
  stop(id: string): Promise<boolean>
}

/**
 * The whole pipeline on this machine: the embedded store, worker processes for the functions, and the runner. What is
 * uploaded is announced by the store and goes its way through intake, as in the cloud.
 * @throws Fault store-in-use where another process works in the folder; port-in-use
 */
export const openPipeline = async ({
  folder,
  models,
  port,
  credentials = { accessKeyId: 'clipmill', secretAccessKey: randomBytes(24).toString('base64url') },
  versions = false,
  announce,
  admit,
  onUpload,
  signal
}: PipelineOptions): Promise<Pipeline> => {
  const store = await startStore({
    dir: path.join(folder, 'store'),
    port,
    credentials,
    region,
    buckets: Object.values(buckets),
    versioned: versions ? [buckets.uploads] : []
  })
  // Only now: the folder is ours alone.
  const scratch = path.join(folder, 'scratch')
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })

  // Segments run side by side, one a core, which beats several threads within one run.
  const parallel = availableParallelism()
  const workers = startWorkers(
    parallel,
    {
      CLIPMILL_UPLOADS: buckets.uploads,
      CLIPMILL_RESULTS: buckets.results,
      CLIPMILL_MODELS: models,
      CLIPMILL_SCRATCH: scratch,
      CLIPMILL_THREADS: '1',
      CLIPMILL_S3_ENDPOINT: store.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
    },
    message => {
      if ('announcement' in message) announce(message.announcement)
      if ('start' in message) void start(message.start)
    }
  )

  const running = new Map<string, { done: Promise<void>; stopped: AbortController }>()
  // Jobs beyond wait: each one under way has pictures on the disk.
  const gate = startGate(parallel)
  const walk = async (job: Job, stopped: AbortSignal) => {
    if (await admit(job)) await gate(() => runJob(job, workers, { parallel, signal: stopped }), stopped)
  }
  const start = (job: Job) => {
    const found = running.get(job.id)
    if (found) return found.done
    const stopped = new AbortController()
    const done = walk(job, AbortSignal.any([signal, stopped.signal])).finally(() => running.delete(job.id))
    done.catch(() => undefined)
    running.set(job.id, { done, stopped })
    return done
  }

  const deliver = (event: ObjectCreated) =>
    withRetries(() => workers.invoke('intake', event, 60, signal), signal) as Promise<IntakeAnswer>
  const awaited = new Map<string, (taken: Promise<IntakeAnswer>) => void>()
  store.onObjectCreated(event => {
    const { bucket, object } = event.detail
    if (bucket.name !== buckets.uploads) return
    const taken = deliver(event)
    taken.catch(() => undefined)
    onUpload?.(event, taken)
    awaited.get(object.key)?.(taken)
  })

  const client = createClient({ endpoint: store.endpoint, credentials, region })
  const uploads = openStorage({ bucket: buckets.uploads, client })
  return {
    store,
    uploads,
    results: openStorage({ bucket: buckets.results, client }),
    deliver,
    start,
    async stop(id) {
      const found = running.get(id)
      found?.stopped.abort(new Error('stopped'))
      await found?.done.catch(() => undefined)
      return found !== undefined
    },
    async submit(file, name, tasks) {
      const ticket: Ticket = { clip: `clips/${name}`, tasks }
      const key = `tickets/${name}.job.json`
      const taken = new Promise<IntakeAnswer>(resolve => awaited.set(key, resolve))
      await uploads.uploadFile(ticket.clip, file, { contentType: 'application/octet-stream' })
      await uploads.put(key, JSON.stringify(ticket), { contentType: 'application/json' })
      const { started, refused } = await taken
      for (const record of refused) throw Fault.from(record) ?? new Error(record.message)
      return started.map(job => ({ job, done: start(job) }))
    },
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]()
      client.destroy()
      await store.close()
      await rm(scratch, { recursive: true, force: true })
    }
  }
}
