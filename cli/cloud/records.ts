import { isFault } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'
import { manifest as manifestSchema, type Manifest } from '../../events/manifest.ts'
import { readJob } from '../../functions/shared/job.ts'
import type { Storage } from '../../functions/shared/storage.ts'
import type { JobState } from '../../local/announcements.ts'
import type { Run } from './runs.ts'

/** What the results bucket knows of a job. */
export interface JobRecord {
  job: Job | undefined
  manifest: Manifest | undefined
}
export type ReadRecord = (id: string) => Promise<JobRecord>

/**
 * Reads what is known of jobs. Work in progress, and with it a job's own object, is removed after some days; results are
 * then found by the hash that is a part of their keys and of the job's id.
 */
export const openRecords = (results: Storage): ReadRecord => {
  /** By task: where results lie, by hash. */
  const listings = new Map<string, Promise<Map<string, string>>>()
  const folderOf = async (id: string) => {
    const [task, hash] = [id.slice(0, -25), id.slice(-24)]
    const listing = listings.get(task) ?? foldersOf(results, task)
    listings.set(task, listing)
    return (await listing).get(hash)
  }
  return async id => {
    const job = await ifThere(readJob({ results }, id))
    const folder = job?.results ?? (await folderOf(id))
    const manifest =
      folder === undefined
        ? undefined
        : await ifThere(results.getJson(`${folder}manifest.json`, manifestSchema))
    return { job: job ?? manifest?.job, manifest }
  }
}

const foldersOf = async (results: Storage, task: string) => {
  const folders = new Map<string, string>()
  for await (const { key } of results.list(`${task}/`)) {
    const [, folder, hash] = /^(.*\/([0-9a-f]{24})\/)manifest\.json$/.exec(key) ?? []
    if (folder !== undefined && hash !== undefined) folders.set(hash, folder)
  }
  return folders
}

/** undefined where there is no such object. */
export const ifThere = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (isFault(error) && error.code === 'object-missing') return undefined
    throw error
  })

/** A job's state, in the words of one machine. */
export const stateOf = ({ status }: Run, { manifest }: JobRecord): JobState => {
  if (status === 'SUCCEEDED') return manifest && manifest.missing.length > 0 ? 'partial' : 'completed'
  if (status === 'FAILED' || status === 'TIMED_OUT') return 'failed'
  return status === 'ABORTED' ? 'cancelled' : 'running'
}
