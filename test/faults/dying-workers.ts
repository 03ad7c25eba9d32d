import { mkdtemp, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect } from 'vitest'
import { runJob } from '../../local/runner.ts'
import { startWorkers } from '../../local/workers.ts'
import { taskNamed } from '../../tasks/index.ts'
import { killChildren } from '../processes.ts'
import { openWorld, resultsOf, signal, startStore, submit, type Bench } from './job.ts'
import { credentials, region } from '../local/store/target.ts'

/**
 * A job by worker processes that end, or whose media processes end, at every 7th frame of each step; `store`, which goes
 * by files, is ended thrice. Answers with the results and how often which step was ended.
 */
export const runDying = async (bench: Bench, victim: 'worker' | 'media', parallel: number) => {
  await using store = await startStore(bench)
  using world = openWorld(bench, store.endpoint)
  const deaths = await mkdtemp(path.join(bench.scratch, 'deaths-'))
  await using workers = startWorkers(
    parallel,
    {
      NODE_OPTIONS: `--import=${new URL('dying.ts', import.meta.url).href}`,
      DEATHS: deaths,
      VICTIM: victim,
      CLIPMILL_UPLOADS: 'uploads',
      CLIPMILL_RESULTS: 'results',
      CLIPMILL_MODELS: bench.models,
      CLIPMILL_SCRATCH: bench.scratch,
      CLIPMILL_THREADS: '1',
      CLIPMILL_S3_ENDPOINT: store.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey
    },
    () => undefined
  )
  const job = await submit(world.context, bench)
  const csv = taskNamed(job.task)
    .outputs(job.options)
    .find(({ format }) => format === 'CSV')!.name
  const fatal = new Set([csv, 'overlay.mp4', 'manifest.json'].map(name => job.results + name))
  store.onObjectCreated(({ detail }) => {
    if (victim === 'worker' && fatal.delete(detail.object.key)) killChildren('local/worker')
  })
  await runJob(job, workers, { parallel, signal })
  if (victim === 'worker') expect(fatal.size).toBe(0)

  const ended: Record<string, number> = {}
  for (const death of await readdir(deaths)) {
    const [step] = death.split('-')
    ended[step] = (ended[step] ?? 0) + 1
  }
  return { ended, results: await resultsOf(world.context.results, job) }
}
