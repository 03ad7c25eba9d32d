import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Command } from 'commander'
import { exits, Fault } from '../events/faults.ts'
import { manifest as manifestSchema } from '../events/manifest.ts'
import { inOrder } from '../functions/shared/ahead.ts'
import { readJob } from '../functions/shared/job.ts'
import { openStorage, type Storage } from '../functions/shared/storage.ts'
import { readAddress } from '../local/address.ts'
import {
  announcementsOf,
  isEnd,
  jobAnnouncement,
  jobState,
  listJobs,
  type JobState
} from '../local/announcements.ts'
import { bucketNames, endpointOf, openClient } from '../local/buckets.ts'
import { datedJobs, type DatedJob } from '../local/dated-jobs.ts'
import { controlKey, type Control } from '../local/controls.ts'
import { gapLines, note, print, printJson } from './output.ts'
import { addFolderOption } from './serve.ts'
import type { Shell } from './shell.ts'

export const addJobs = (program: Command, shell: Shell) => {
  const jobs = program.command('jobs').description('the jobs of clipmill serve')
  const command = (name: string, description: string) =>
    addFolderOption(jobs.command(name).description(description)).option('--json', 'as JSON', false)

  command('ls', 'list them, newest last')
    .option('--last <count>', 'that many of the newest', Number, 50)
    .action(async ({ folder, last }: FolderFlag & { last: number }) => {
      if (!(Number.isInteger(last) && last > 0))
        throw new Fault('usage-wrong', { problem: '--last takes a whole number from 1' })
      await withResults(folder, (results, client) => list(results, client, last, shell.json))
    })
  command('show <id>', 'what became of a job, and where its results are').action(
    async (id: string, { folder }: FolderFlag) => {
      await withResults(folder, results => show(results, id, shell.json))
    }
  )
  command('cancel <id...>', 'stop jobs; what they have done stays').action(
    async (ids: string[], { folder }: FolderFlag) => {
      await withResults(folder, async results => {
        shell.exit = await ask(results, ids, 'cancel', shell.json)
      })
    }
  )
  command('retry <id...>', 'do what is missing of jobs that failed, ended in part or were cancelled').action(
    async (ids: string[], { folder }: FolderFlag) => {
      await withResults(folder, async results => {
        shell.exit = await ask(results, ids, 'retry', shell.json)
      })
    }
  )
}

interface FolderFlag {
  folder: string
}

/** @throws Fault serve-missing, serve-away */
const withResults = async (folder: string, use: (results: Storage, client: S3Client) => Promise<void>) => {
  const address = await readAddress(folder)
  const client = openClient(address.port, address.credentials)
  try {
    await use(openStorage({ bucket: bucketNames.results, client }), client)
  } catch (error) {
    if (isAway(error)) throw new Fault('serve-away', { endpoint: endpointOf(address.port) }, { cause: error })
    throw error
  } finally {
    client.destroy()
  }
}

/** Said by the storage, or by its client where that is asked without. */
const isAway = (error: unknown) =>
  error instanceof Fault
    ? error.code === 'storage-unavailable'
    : (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'

/** A job's last announcement says what there is to know of it in one line. */
const describe = async (results: Storage, { id, state, accepted, last }: DatedJob) => {
  const told = await results.getJson(last, jobAnnouncement)
  const { task, clip, key, at } = told
  const missingAtEnd = 'manifest' in told ? told.missingAtEnd : undefined
  return { id, state, task, clip, key, accepted: accepted.toISOString(), changed: at, missingAtEnd }
}

const list = async (results: Storage, client: S3Client, last: number, json: boolean) => {
  const all = await datedJobs(client, results.bucket)
  const jobs = await Array.fromAsync(inOrder(all.slice(-last), job => describe(results, job)))
  if (json) printJson(jobs)
  else if (jobs.length === 0) note('no jobs yet')
  else for (const job of jobs) print(jobLine(job))
  if (all.length > jobs.length) note(`the newest ${jobs.length} of ${all.length} jobs; --last tells of more`)
}

export interface JobSummary {
  id: string
  state: JobState
  /** Of its last change. */
  changed: string
  /** Of the clip in the uploads bucket; undefined where that is no longer known. */
  key: string | undefined
  missingAtEnd?: number | undefined
}

/** A job in a list of them. */
export const jobLine = ({ id, state, changed, key = '-', missingAtEnd }: JobSummary) =>
  `${id}  ${state.padEnd(9)}  ${changed}  ${key}${missingAtEnd ? `  (cut off: ${missingAtEnd} frames are missing)` : ''}`

/** The job whose id begins so. @throws Fault job-unknown */
const findJob = async (results: Storage, beginning: string) => {
  const found = await listJobs(results, beginning)
  const exact = found.find(({ id }) => id === beginning)
  if (!exact && found.length !== 1) throw new Fault('job-unknown', { job: beginning, found: found.length })
  return exact ?? found[0]
}

const show = async (results: Storage, beginning: string, json: boolean) => {
  const { id, state } = await findJob(results, beginning)
  const announcements = await announcementsOf(results, id)
  const job = await readJob({ results }, id)
  const manifestKey = `${job.results}manifest.json`
  const manifest = (await results.exists(manifestKey))
    ? await results.getJson(manifestKey, manifestSchema)
    : undefined
  if (json) {
    printJson({ state, job, announcements, manifest })
    return
  }
  print(`${id}  ${state}`)
  print(`  clip     ${job.clip.key} (${job.clip.bytes} bytes, ${job.clip.etag})`)
  print(`  options  ${JSON.stringify(job.options)}`)
  for (const announcement of announcements) {
    print(`  ${announcement.at}  ${announcement.type.slice('job.'.length)}`)
    if ('fault' in announcement)
      print(`    ${announcement.fault.code}: ${announcement.fault.message}\n    ${announcement.fault.next}`)
  }
  for (const line of manifest ? gapLines(manifest) : []) print(line)
  for (const { name, format, bytes } of manifest?.files ?? [])
    print(`  ${bucketNames.results}/${job.results}${name}  ${format} (${bytes} bytes)`)
}

/** How long the server may take to do what is asked. */
const patience = 15_000

const allowed = {
  cancel: (state: JobState) => !isEnd(state),
  retry: (state: JobState) => ['failed', 'partial', 'cancelled'].includes(state)
} satisfies Record<Control, unknown>
/** What a job is when that was done. */
const done = { cancel: 'cancelled', retry: 'retried' } satisfies Record<Control, string>

/** @throws Fault job-state where that cannot be done with a job of that state */
export const checkControl = (
  job: string,
  state: JobState,
  control: Control,
  place: { show?: 'cloud logs' } = {}
) => {
  if (!allowed[control](state)) throw new Fault('job-state', { job, state, wish: done[control], ...place })
}

/** Leaves the wish where the server finds it, also at its next start, and waits until it is granted. @returns the exit code */
const ask = async (results: Storage, ids: string[], control: Control, json: boolean) => {
  const answers = []
  for (const beginning of ids) {
    const { id: job, state } = await findJob(results, beginning)
    checkControl(job, state, control)
    const key = controlKey(job, control)
    await results.put(key, '{}', { contentType: 'application/json' })
    for (let waited = 0; waited < patience && (await results.exists(key)); waited += 100) await sleep(100)
    const pending = await results.exists(key)
    const now = (await jobState(results, job))!
    answers.push({ id: job, state: now, pending })
    if (!json) print(`${job}  ${now}${pending ? `, to be ${done[control]}` : ''}`)
  }
  if (json) printJson(answers)
  return answers.some(({ pending }) => pending) ? exits.temporary : 0
}
