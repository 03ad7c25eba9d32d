import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { Announcement } from '../events/announcement.ts'
import { Fault } from '../events/faults.ts'
import type { Job, Ticket } from '../events/job.ts'
import type { IntakeAnswer } from '../functions/intake/index.ts'
import { createClient, openStorage, type Storage } from '../functions/shared/storage.ts'
import { runJob, withRetries } from './runner.ts'
import { startStore } from './store/store.ts'
import { startWorkers } from './workers.ts'

/** Stores and clients must name one; on one machine it means nothing. */
const region = 'us-east-1'
const buckets = { uploads: 'uploads', results: 'results' }

interface PipelineOptions {
  /** Keeps the store and scratch files; an unfinished job in it goes on when its clip is uploaded again. */
  folder: string
  /** Folder of the built models. */
  models: string
  announce: (announcement: Announcement) => void
  /** Asked before a job's chain begins; what it throws ends the job. */
  admit: (job: Job) => Promise<void>
  signal: AbortSignal
}

export interface Pipeline extends AsyncDisposable {
  results: Storage
  /**
   * Uploads a clip and a ticket for it; answers when its jobs have been accepted, with the end of each.
   * @throws Fault why the ticket was refused
   */
  submit(file: string, name: string, tasks: Ticket['tasks']): Promise<{ job: Job; done: Promise<void> }[]>
}

/**
 * The whole pipeline on this machine: the embedded store, worker processes for the functions, and the runner. What is
 * uploaded is announced by the store and goes its way through intake, as in the cloud.
 * @throws Fault store-in-use where another process works in the folder
 */
export const openPipeline = async ({
  folder,
  models,
  announce,
  admit,
  signal
}: PipelineOptions): Promise<Pipeline> => {
  const credentials = { accessKeyId: 'clipmill', secretAccessKey: randomBytes(24).toString('base64url') }
  const store = await startStore({
    dir: path.join(folder, 'store'),
    credentials,
    region,
    buckets: Object.values(buckets)
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
      if ('start' in message) start(message.start)
    }
  )

  const running = new Map<string, Promise<void>>()
  const start = (job: Job) => {
    if (running.has(job.id)) return
    const done = admit(job).then(() => runJob(job, workers, { parallel, signal }))
    done.catch(() => undefined)
    running.set(job.id, done)
  }

  const awaited = new Map<string, PromiseWithResolvers<IntakeAnswer>>()
  store.onObjectCreated(event => {
    const { bucket, object } = event.detail
    if (bucket.name !== buckets.uploads) return
    const waiting = awaited.get(object.key)
    withRetries(() => workers.invoke('intake', event, 60), signal).then(
      answer => waiting?.resolve(answer as IntakeAnswer),
      (error: unknown) => waiting?.reject(error)
    )
  })

  const client = createClient({ endpoint: store.endpoint, credentials, region })
  const uploads = openStorage({ bucket: buckets.uploads, client })
  return {
    results: openStorage({ bucket: buckets.results, client }),
    async submit(file, name, tasks) {
      const ticket: Ticket = { clip: `clips/${name}`, tasks }
      const key = `tickets/${name}.job.json`
      const taken = Promise.withResolvers<IntakeAnswer>()
      awaited.set(key, taken)
      await uploads.uploadFile(ticket.clip, file, { contentType: 'application/octet-stream' })
      await uploads.put(key, JSON.stringify(ticket), { contentType: 'application/json' })
      const { started, refused } = await taken.promise
      for (const record of refused) throw Fault.from(record) ?? new Error(record.message)
      return started.map(job => ({ job, done: running.get(job.id)! }))
    },
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]()
      client.destroy()
      await store.close()
      await rm(scratch, { recursive: true, force: true })
    }
  }
}
