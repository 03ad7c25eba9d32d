import { inOrder } from '../../functions/shared/ahead.ts'
import type { JobState } from '../../local/announcements.ts'
import { jobLine, type JobSummary } from '../jobs.ts'
import type { Account } from './account.ts'
import { openRecords, stateOf, type ReadRecord } from './records.ts'
import { newestRuns, type Run } from './runs.ts'
import { openResults, type Stack } from './stack.ts'

interface CloudJob extends JobSummary {
  task: string
  clip: string | undefined
  /** When its newest execution began. */
  accepted: string
  execution: string
}

/**
 * The jobs of all tasks, each as its newest execution left it, newest first.
 * @param state only those of that state
 * @param last that many
 */
export const listJobs = async (
  account: Account,
  stack: Stack,
  { last, state }: { last: number; state?: JobState | undefined }
): Promise<CloudJob[]> => {
  const read = openRecords(openResults(account, stack))
  const runs = newestRuns(account, stack)
  const jobs: CloudJob[] = []
  for (;;) {
    const some = await take(runs, last)
    for await (const job of inOrder(some, run => describe(run, read)))
      if (state === undefined || job.state === state) jobs.push(job)
    if (jobs.length >= last || some.length < last) return jobs.slice(0, last)
  }
}

const take = async <T>(from: AsyncGenerator<T>, count: number) => {
  const taken: T[] = []
  while (taken.length < count) {
    const next = await from.next()
    if (next.done) break
    taken.push(next.value)
  }
  return taken
}

const describe = async (run: Run, read: ReadRecord): Promise<CloudJob> => {
  const record = await read(run.job)
  const { job, manifest } = record
  return {
    id: run.job,
    state: stateOf(run, record),
    task: run.task,
    clip: job?.name,
    key: job?.clip.key,
    accepted: run.started.toISOString(),
    changed: (run.stopped ?? run.started).toISOString(),
    missingAtEnd: manifest?.clip.video.missingAtEnd,
    execution: run.arn
  }
}

export const jobsLines = (jobs: CloudJob[], now = Date.now()) =>
  jobs.map(job => `${jobLine(job)}  ${ageOf(now - Date.parse(job.changed))} ago`)

/** In the largest unit of which there is one. */
const ageOf = (milliseconds: number) => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [size, unit] = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's']
  ].find(([size]) => seconds >= (size as number)) ?? [1, 's']
  return `${Math.floor(seconds / (size as number))} ${unit}`
}
