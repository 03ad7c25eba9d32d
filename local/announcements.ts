import type { z } from 'zod'
import { announcement as announcementSchema, type Announcement } from '../events/announcement.ts'
import type { Storage } from '../functions/shared/storage.ts'

export const announcementsPrefix = 'announcements/'

/** The announcements of a job; those of refused uploads are told by their error object. */
export const jobAnnouncement = announcementSchema.refine(told => told.type !== 'upload.refused')
type JobAnnouncement = z.infer<typeof jobAnnouncement>
type Type = JobAnnouncement['type']

/** Where an announcement is kept, if it is of a job. */
export const announcementKey = (announcement: Announcement) =>
  announcement.type === 'upload.refused' ? undefined : keyOf(announcement.job, announcement.type)

const keyOf = (job: string, type: Type) => `${announcementsPrefix}${job}/${type}.json`

/** What a key is of; undefined of any other key. */
export const readAnnouncementKey = (key: string) => {
  const [, id, type] = /^announcements\/([\w-]+)\/(job\.[a-z]+)\.json$/.exec(key) ?? []
  return id !== undefined && type !== undefined ? { id, type } : undefined
}

/** How a job may end. */
const ends = ['job.completed', 'job.partial', 'job.failed', 'job.cancelled'] as const
export type JobState = 'waiting' | 'running' | 'completed' | 'partial' | 'failed' | 'cancelled'

/** What was announced of a job says how it stands. */
export const stateOf = (types: Set<string>): JobState => {
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
  for await (const { key } of results.list(announcementsPrefix + beginning)) {
    const found = readAnnouncementKey(key)
    if (found) types.set(found.id, (types.get(found.id) ?? new Set()).add(found.type))
  }
  return Array.from(types, ([id, known]) => ({ id, state: stateOf(known) }))
}

/** What was announced of a job, in order of time. */
export const announcementsOf = async (results: Storage, id: string) => {
  const found: JobAnnouncement[] = []
  for await (const { key } of results.list(`${announcementsPrefix}${id}/`))
    if (readAnnouncementKey(key)) found.push(await results.getJson(key, jobAnnouncement))
  return found.toSorted((a, b) => (a.at < b.at ? -1 : 1))
}

/** undefined where nothing was announced of it */
export const jobState = async (results: Storage, id: string): Promise<JobState | undefined> =>
  (await listJobs(results, `${id}/`)).at(0)?.state

/** Whether that is kept already, or, of a job's end, another one is: a job ends once. */
export const isKept = async (results: Storage, announcement: Announcement) => {
  const key = announcementKey(announcement)
  if (announcement.type === 'upload.refused' || key === undefined) return false
  if (!ends.some(type => type === announcement.type)) return await results.exists(key)
  const state = await jobState(results, announcement.job)
  return state !== undefined && isEnd(state)
}

/** A job that is walked again has not ended. */
export const forgetEnd = async (results: Storage, id: string) => {
  for (const type of ends) await results.delete(keyOf(id, type))
}
