import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Announcement } from '../events/announcement.ts'
import { isFault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import type { ObjectCreated } from '../events/upload.ts'
import { about, readJob } from '../functions/shared/job.ts'
import { reopen } from '../functions/shared/reopen.ts'
import type { Address } from './address.ts'
import { openAnnouncer } from './announcer.ts'
import { forgetEnd, isEnd, jobState, listJobs } from './announcements.ts'
import { bucketNames, openBuckets } from './buckets.ts'
import { controlKey, controlsPrefix, readControl, type Control } from './controls.ts'
import { watchInbox } from './inbox.ts'
import { openPipeline } from './pipeline.ts'
import { openTaken } from './taken.ts'
import { openWebhook } from './webhook.ts'

interface ServeOptions {
  /** Keeps everything: objects, jobs under way, what is still to be sent to the webhook. */
  folder: string
  /** Folder of the built models. */
  models: string
  address: Address
  /** What lies in it is uploaded. */
  inbox: string
  /** Gets announcements by POST. */
  webhook?: string
  show: (announcement: Announcement) => void
  /** Told of what goes wrong beside the jobs: the inbox, the webhook, a full disk. */
  warn: (problem: string) => void
  /** Called once uploads are taken. */
  onReady: () => void
  /** Ends it. */
  signal: AbortSignal
}

/**
 * Two buckets on this machine: what is uploaded to one, by whatever S3 client, starts its jobs, and the results appear
 * in the other. After an end of whatever kind the next start goes on: uploads whose event was not dealt with are dealt
 * with, jobs that have not ended are walked again.
 * @throws Fault store-in-use, port-in-use
 */
export const serve = async ({
  folder,
  models,
  address,
  inbox,
  webhook: url,
  show,
  warn,
  onReady,
  signal
}: ServeOptions): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const problem = (what: string) => (error: unknown) => {
    if (!signal.aborted) warn(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
  await using stack = new AsyncDisposableStack()
  const buckets = stack.use(
    await openBuckets({ folder, port: address.port, credentials: address.credentials, versions: true })
  )
  const { store, uploads, results } = buckets
  const spool = path.join(folder, 'webhook')
  const webhook = url
    ? stack.use(
        await openWebhook({
          url,
          secret: address.webhookSecret,
          folder: spool,
          onFailure: ({ id, reason, given }) =>
            warn(
              `webhook: ${reason}; ${id} ${given ? `is given up and kept in ${path.join(spool, 'failed')}` : 'is sent again'}`
            )
        })
      )
    : undefined
  const announcer = openAnnouncer({
    results,
    show,
    webhook,
    onFailure: problem('an announcement was not kept')
  })
  const present = store.objects(bucketNames.uploads)
  const taken = stack.use(
    await openTaken(path.join(folder, 'taken'), new Set(present.map(event => event.detail.object.sequencer!)))
  )

  const note = async ({ detail: { object } }: ObjectCreated, answer: Promise<unknown>) => {
    try {
      await answer
      await announcer.settled()
      await taken.add(object.sequencer!)
    } catch (error) {
      // It stays untaken: the next start tries again.
      problem(`${object.key} was not taken`)(error)
    }
  }
  const ended = async (id: string) => {
    const state = await jobState(results, id)
    return state !== undefined && isEnd(state)
  }
  const pipeline = stack.use(
    await openPipeline({
      buckets,
      folder,
      models,
      announce: announcement => announcer.take(announcement),
      admit: async ({ id }) => {
        await announcer.settled()
        return !(await ended(id))
      },
      onUpload: (event, answer) => void note(event, answer),
      signal
    })
  )

  const cancel = async (id: string) => {
    if (await ended(id)) return
    await pipeline.stop(id)
    announcer.take({
      type: 'job.cancelled',
      ...about({ now: () => new Date() }, await readJob(buckets, id))
    })
    await announcer.settled()
  }
  const retry = async (id: string) => {
    if (!(await ended(id))) return
    const job = await readJob(buckets, id)
    await reopen(buckets, id)
    await results.delete(`${job.results}error.json`)
    await forgetEnd(results, id)
    void walk(job)
  }
  const walk = (job: Job) =>
    pipeline.start(job).catch((error: unknown) => {
      // A fault is announced; anything else is nobody's yet.
      if (!isFault(error)) problem(job.id)(error)
    })
  const perform = { cancel, retry } satisfies Record<Control, (id: string) => Promise<void>>
  const obey = async (key: string) => {
    const wish = readControl(key)
    if (!wish) return
    await perform[wish.control](wish.job).catch(problem(`${wish.control} ${wish.job}`))
    await results.delete(controlKey(wish.job, wish.control))
  }
  stack.defer(
    store.onObjectCreated(({ detail: { bucket, object } }) => {
      if (bucket.name === bucketNames.results) obey(object.key).catch(problem(object.key))
    })
  )

  for await (const { key } of results.list(controlsPrefix)) await obey(key)
  for (const { id, state } of await listJobs(results)) if (!isEnd(state)) await resume(id)
  // Those that came while we were away, or before anybody listened.
  for (const event of store.objects(bucketNames.uploads))
    if (!taken.has(event.detail.object.sequencer!)) void note(event, pipeline.deliver(event))
  stack.use(watchInbox({ folder: inbox, uploads, warn: problem('inbox'), signal }))
  onReady()
  await aborted(signal)

  /** A job that was announced and then not written down is made again by its upload's event. */
  async function resume(id: string) {
    const job = await readJob(buckets, id).catch((error: unknown) => {
      if (isFault(error) && error.code === 'object-missing') return undefined
      throw error
    })
    if (job) void walk(job)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
