import path from 'node:path'
import type { Announcement } from '../events/announcement.ts'
import type { ObjectCreated } from '../events/upload.ts'
import type { IntakeAnswer } from '../functions/intake/index.ts'
import { keepAddress, type Address } from './address.ts'
import { openAnnouncer } from './announcer.ts'
import { jobState } from './announcements.ts'
import { bucketNames, openBuckets } from './buckets.ts'
import { makeFolder } from './files.ts'
import { watchInbox } from './inbox.ts'
import { openJobs } from './jobs.ts'
import { openPipeline } from './pipeline.ts'
import { openTaken } from './taken.ts'
import { openWebhook } from './webhook.ts'

interface ServeOptions {
  /** Keeps everything: objects, jobs under way, what is still to be sent to the webhook. */
  folder: string
  /** Folder of the built models. */
  models: string
  /** Kept in the folder for the next start, and for those who look for us. */
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
  await makeFolder(folder)
  const problem = (what: string) => (error: unknown) => {
    if (!signal.aborted) warn(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
  await using stack = new AsyncDisposableStack()
  const buckets = stack.use(
    await openBuckets({ folder, port: address.port, credentials: address.credentials, versions: true })
  )
  await keepAddress(folder, address)
  const { store, uploads, results } = buckets
  const webhook = url
    ? stack.use(
        await openWebhook({
          url,
          secret: address.webhookSecret,
          folder: path.join(folder, 'webhook'),
          warn: what => warn(`webhook: ${what}`)
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

  const note = async ({ detail: { object } }: ObjectCreated, answer: Promise<IntakeAnswer>) => {
    try {
      const { started } = await answer
      await announcer.settled()
      for (const { id } of started)
        if (!(await jobState(results, id))) throw new Error(`that ${id} is accepted could not be kept`)
      await taken.add(object.sequencer!)
    } catch (error) {
      // It stays untaken: the next start tries again.
      problem(`${object.key} was not taken`)(error)
    }
  }
  const pipeline = stack.use(
    await openPipeline({
      buckets,
      folder,
      models,
      announce: announcement => announcer.take(announcement),
      admit: job => jobs.admit(job),
      onUpload: (event, answer) => void note(event, answer),
      onEnd: (job, error) => void jobs.onEnd(job, error),
      signal
    })
  )
  const jobs = openJobs({
    results,
    announcer,
    start: job => pipeline.start(job),
    stop: id => pipeline.stop(id),
    warn: (what, error) => problem(what)(error),
    signal
  })
  stack.defer(
    store.onObjectCreated(({ detail: { bucket, object } }) => {
      if (bucket.name === bucketNames.results) void jobs.obey(object.key)
    })
  )

  await jobs.resume()
  // Those that came while we were away, or before anybody listened.
  for (const event of store.objects(bucketNames.uploads))
    if (!taken.has(event.detail.object.sequencer!)) void note(event, pipeline.deliver(event))
  stack.use(await watchInbox({ folder: inbox, uploads, warn: problem('inbox'), signal }))
  onReady()
  await aborted(signal)
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
