import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { Announcement } from '../events/announcement.ts'
import { Fault } from '../events/faults.ts'
import type { Job, Ticket } from '../events/job.ts'
import type { ObjectCreated } from '../events/upload.ts'
import type { IntakeAnswer } from '../functions/intake/index.ts'
import { bucketNames, type Buckets } from './buckets.ts'
import { startGate } from './gate.ts'
import { runJob, withRetries } from './runner.ts'
import { startWorkers } from './workers.ts'

interface PipelineOptions {
  /** Where clips come in and results go out; they stay open until the pipeline is closed. An unfinished job in them goes on when its clip is uploaded again. */
  buckets: Buckets
  /** Keeps scratch files; as the buckets' own, it is ours alone. */
  folder: string
  /** Folder of the built models. */
  models: string
  /** Frames that a clip may have at most. @default no other limit than everywhere */
  maxFrames?: number
  announce: (announcement: Announcement) => void
  /** Asked before a job's chain begins: whether there is anything to do; what it throws ends the job. */
  admit: (job: Job) => Promise<boolean>
  /** Told of each new upload, and when intake has dealt with it; by default it only is dealt with. */
  onUpload?: (event: ObjectCreated, taken: Promise<IntakeAnswer>) => void
  /** Told that a job's walk is over, with what ended it; of one that was stopped nothing is told. */
  onEnd?: (job: Job, error: unknown) => void
  signal: AbortSignal
}

export interface Pipeline extends AsyncDisposable {
  /**
   * Uploads a clip and a ticket for it; answers when its jobs have been accepted, with the end of each.
   * @throws Fault why the ticket was refused
   */
  submit(file: string, name: string, tasks: Ticket['tasks']): Promise<{ job: Job; done: Promise<void> }[]>
  /** Hands an event to intake, which starts its jobs. */
  deliver(event: ObjectCreated): Promise<IntakeAnswer>
  /** Walks the job's chain, unless it is being walked; resolves at its end. */
  start(job: Job): Promise<void>
  /** Stops walking it, in mid-step, if anybody does. */
  stop(id: string): Promise<void>
}

/**
 * The pipeline on this machine: worker processes for the functions, and the runner. What is uploaded is announced by the
 * buckets' store and goes its way through intake, as in the cloud.
 */
export const openPipeline = async ({
  buckets: { store, credentials, uploads },
  folder,
  models,
  maxFrames,
  announce,
  admit,
  onUpload,
  onEnd,
  signal
}: PipelineOptions): Promise<Pipeline> => {
  const scratch = path.join(folder, 'scratch')
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })

  // Segments run side by side, one a core, which beats several threads within one run.
  const parallel = availableParallelism()
  const workers = startWorkers(
    parallel,
    {
      CLIPMILL_UPLOADS: bucketNames.uploads,
      CLIPMILL_RESULTS: bucketNames.results,
      CLIPMILL_MODELS: models,
      CLIPMILL_SCRATCH: scratch,
      CLIPMILL_THREADS: '1',
      CLIPMILL_FOLD_THREADS: String(parallel),
      ...(maxFrames !== undefined && { CLIPMILL_MAX_FRAMES: String(maxFrames) }),
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
    const either = AbortSignal.any([signal, stopped.signal])
    const done = walk(job, either).finally(() => running.delete(job.id))
    const tell = (error?: unknown) => {
      if (!either.aborted) onEnd?.(job, error)
    }
    done.then(() => tell(), tell)
    running.set(job.id, { done, stopped })
    return done
  }

  const deliver = (event: ObjectCreated) =>
    withRetries(() => workers.invoke('intake', event, 60, signal), signal) as Promise<IntakeAnswer>
  const awaited = new Map<string, (taken: Promise<IntakeAnswer>) => void>()
  const unsubscribe = store.onObjectCreated(event => {
    const { bucket, object } = event.detail
    if (bucket.name !== bucketNames.uploads) return
    const taken = deliver(event)
    taken.catch(() => undefined)
    onUpload?.(event, taken)
    awaited.get(object.key)?.(taken)
  })

  return {
    deliver,
    start,
    async stop(id) {
      const found = running.get(id)
      found?.stopped.abort(new Error('stopped'))
      await found?.done.catch(() => undefined)
    },
    async submit(file, name, tasks) {
      const ticket: Ticket = { clip: `clips/${name}`, tasks }
      const key = `tickets/${name}.job.json`
      const taken = new Promise<IntakeAnswer>(resolve => awaited.set(key, resolve))
      // It can fail while the upload of the ticket is still being answered.
      taken.catch(() => undefined)
      await uploads.uploadFile(ticket.clip, file, { contentType: 'application/octet-stream' })
      await uploads.put(key, JSON.stringify(ticket), { contentType: 'application/json' })
      const { started, refused } = await taken
      for (const record of refused) throw Fault.from(record) ?? new Error(record.message)
      return started.map(job => ({ job, done: start(job) }))
    },
    async [Symbol.asyncDispose]() {
      unsubscribe()
      await workers[Symbol.asyncDispose]()
      await rm(scratch, { recursive: true, force: true })
    }
  }
}
