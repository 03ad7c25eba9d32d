import { announcement as announcementSchema, type Announcement } from '../events/announcement.ts'
import type { Storage } from '../functions/shared/storage.ts'

const prefix = 'announcements/'

type JobAnnouncement = Exclude<Announcement, { type: 'upload.refused' }>
type Type = JobAnnouncement['type']

/** Where an announcement of a job is kept; those of refused uploads are told by their error object. */
export const announcementKey = (announcement: Announcement) =>
  announcement.type === 'upload.refused' ? undefined : keyOf(announcement.job, announcement.type)

const keyOf = (job: string, type: Type) => `${prefix}${job}/${type}.json`

/** How a job may end. */
const ends = ['job.completed', 'job.partial', 'job.failed', 'job.cancelled'] as const
export type JobState = 'waiting' | 'running' | 'completed' | 'partial' | 'failed' | 'cancelled'

const stateOf = (types: Set<string>): JobState => {
  const end = ends.find(type => types.has(type))
  if (end) return end.slice('job.'.length) as JobState
  return types.has('job.started') ? 'running' : 'waiting'
}
export const isEnd = (state: JobState) => state !== 'waiting' && state !== 'running'

/** All jobs with what their announcements say of them, in the order of their ids; of those whose id begins so. */
export const listJobs = async (
  results: Storage,
  beginning = ''
): Promise<{ id: string; state: JobState }[]> => {
  const types = new Map<string, Set<string>>()
  for await (const { key } of results.list(prefix + beginning)) {
    const [id, file] = key.slice(prefix.length).split('/')
    const known = types.get(id) ?? new Set()
    types.set(id, known.add(file.replace(/\.json$/, '')))
  }
  return Array.from(types, ([id, known]) => ({ id, state: stateOf(known) }))
}

/** What was announced of a job, in order of time. */
export const announcementsOf = async (results: Storage, id: string) => {
  const found: JobAnnouncement[] = []
  for await (const { key } of results.list(`${prefix}${id}/`))
    found.push((await results.getJson(key, announcementSchema)) as JobAnnouncement)
  return found.toSorted((a, b) => (a.at < b.at ? -1 : 1))
}

/** undefined where nothing was announced of it */
export const jobState = async (results: Storage, id: string): Promise<JobState | undefined> =>
  (await listJobs(results, `${id}/`)).at(0)?.state

/** A job that is walked again has not ended. */
export const forgetEnd = async (results: Storage, id: string) => {
  for (const type of ends) await results.delete(keyOf(id, type))
}
