import { paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import { announcementsPrefix, readAnnouncementKey, stateOf, type JobState } from './announcements.ts'

export interface DatedJob {
  id: string
  state: JobState
  /** When the first and the last of its announcements were kept. */
  accepted: Date
  changed: Date
  /** Key of the last one. */
  last: string
}

/** All jobs, oldest first, read off the times in a listing: no object is opened, however many there are. */
export const datedJobs = async (client: S3Client, results: string): Promise<DatedJob[]> => {
  const jobs = new Map<string, Omit<DatedJob, 'state'> & { types: Set<string> }>()
  const pages = paginateListObjectsV2(
    { client },
    // Other keys than ours may hold what XML cannot.
    { Bucket: results, Prefix: announcementsPrefix, EncodingType: 'url' }
  )
  for await (const { Contents = [] } of pages)
    for (const { Key: key, LastModified: time } of Contents) {
      const found = readAnnouncementKey(key!)
      if (!found) continue
      const { id, type } = found
      const job = jobs.get(id) ?? { id, accepted: time!, changed: time!, last: key!, types: new Set() }
      jobs.set(id, job)
      job.types.add(type)
      if (time! < job.accepted) job.accepted = time!
      if (time! >= job.changed) Object.assign(job, { changed: time!, last: key! })
    }
  return Array.from(jobs.values(), ({ types, ...job }) => ({ ...job, state: stateOf(types) })).toSorted(
    (a, b) => a.accepted.getTime() - b.accepted.getTime()
  )
}
