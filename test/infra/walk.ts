import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Announcement } from '../../events/announcement.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import { createClient, openStorage } from '../../functions/shared/storage.ts'
import { openModels } from '../../layers/models/index.ts'
import type { FunctionName } from '../../local/messages.ts'
import { runJob } from '../../local/runner.ts'
import { startStore } from '../../local/store/store.ts'
import { startWorkers, type Workers } from '../../local/workers.ts'
import { taskNamed } from '../../tasks/index.ts'
import { resultsBucket, synthesise } from './definition.ts'
import { interpret } from './interpreter.ts'

interface Walk {
  /** Name of the error that the walk ended in. */
  error?: string
  /** All invocations, e.g. `infer detect 1`. */
  calls: string[]
  /** The job's results by name. */
  results: Record<string, Buffer>
  announced: Announcement[]
  /** Of a machine: the states that were entered outside of its maps, and the most bytes that a function was handed to work on. */
  entered: string[]
  largest: number
}

interface Event {
  stage?: string
  segment?: number
  failure?: unknown
}

/**
 * Takes a clip through `track-many` with the functions themselves in worker processes, over a store of its own: by the
 * runner of one machine, or by the state machine in an interpreter.
 * @param models folder of the built models
 * @param before called ahead of each invocation with its name and its turn, from 1; what it throws is what the function throws
 */
export const walk = async (
  by: 'runner' | 'machine',
  file: string,
  models: string,
  before: (call: string, turn: number) => void = () => undefined
): Promise<Walk> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-walk-'))
  const region = 'us-east-1'
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
  const buckets = ['uploads', resultsBucket]
  const store = await startStore({ dir: path.join(folder, 'store'), credentials, region, buckets })
  const client = createClient({ endpoint: store.endpoint, credentials, region })
  const announced: Announcement[] = []
  const workers = startWorkers(
    2,
    {
      CLIPMILL_UPLOADS: 'uploads',
      CLIPMILL_RESULTS: resultsBucket,
      CLIPMILL_MODELS: models,
      CLIPMILL_SCRATCH: folder,
      CLIPMILL_THREADS: '1',
      CLIPMILL_S3_ENDPOINT: store.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
    },
    message => {
      if ('announcement' in message) announced.push(message.announcement)
    }
  )
  try {
    const uploads = openStorage({ bucket: 'uploads', client })
    const results = openStorage({ bucket: resultsBucket, client })
    const key = `clips/${path.basename(file)}`
    await uploads.uploadFile(key, file, { contentType: 'application/octet-stream' })
    const { etag } = (await uploads.head(key))!
    const clip = { bucket: 'uploads', key, bytes: (await stat(file)).size, etag }
    const job = makeJob(
      { clip, name: path.basename(file), task: 'track-many', options: {} },
      openModels(models).digest
    )
    await results.put(keys(job.id).job, JSON.stringify(job), { contentType: 'application/json' })

    const calls: string[] = []
    const watched: Workers = {
      ...workers,
      invoke: async (name, event, ...rest) => {
        const { stage, segment, failure } = event as Event
        const call = [name, stage, segment, failure === undefined ? undefined : 'failure']
          .filter(part => part !== undefined)
          .join(' ')
        calls.push(call)
        before(call, calls.filter(other => other === call).length)
        return workers.invoke(name, event, ...rest)
      }
    }

    let entered: string[] = []
    let largest = 0
    let error: string | undefined
    if (by === 'runner') {
      const options = { parallel: 2, signal: new AbortController().signal }
      await runJob(job, watched, options).catch((thrown: unknown) => (error = (thrown as Error).name))
    } else {
      const invoke = async (name: string, event: Event, timeoutSeconds: number) => {
        if (!event.failure) largest = Math.max(largest, JSON.stringify(event).length)
        // With so little time a fold stops behind its first frame.
        const isFirst = event.stage === 'associate' && !calls.includes('infer associate')
        const seconds = isFirst ? 60 : timeoutSeconds
        return watched.invoke(name as FunctionName, event, seconds)
      }
      const readLines = async ({ Key }: { Key: string }) =>
        new TextDecoder()
          .decode(await results.get(Key))
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line) as unknown)
      ;({ error, entered } = await interpret(
        synthesise(taskNamed(job.task)).definition,
        { job: job.id },
        { invoke, readLines }
      ))
    }

    const names: string[] = []
    for await (const { key } of results.list(job.results)) names.push(key)
    const files = await Promise.all(
      names.map(async name => [name.slice(job.results.length), Buffer.from(await results.get(name))] as const)
    )
    return { error, calls, results: Object.fromEntries(files), announced, entered, largest }
  } finally {
    await workers[Symbol.asyncDispose]()
    client.destroy()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}
