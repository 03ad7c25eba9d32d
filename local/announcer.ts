import type { Announcement } from '../events/announcement.ts'
import type { Storage } from '../functions/shared/storage.ts'
import { announcementKey, isKept } from './announcements.ts'
import type { Webhook } from './webhook.ts'

interface AnnouncerOptions {
  results: Storage
  /** Shown at once, progress too. */
  show: (announcement: Announcement) => void
  webhook?: Webhook
  /** Where one could not be kept, e.g. on a full disk: the job's next walk brings it again. */
  onFailure: (error: unknown) => void
}

export interface Announcer {
  take: (announcement: Announcement) => void
  /** Resolves once all that was taken is kept. */
  settled: () => Promise<void>
}

/**
 * Shows announcements, keeps each in the results bucket and hands it to the webhook. One that is kept already, because a
 * function ran a second time, is neither shown nor sent again.
 */
export const openAnnouncer = ({ results, show, webhook, onFailure }: AnnouncerOptions): Announcer => {
  let working = Promise.resolve()
  const keep = async (announcement: Announcement) => {
    if (await isKept(results, announcement)) return
    // Sent first: who ends in between sends it a second time, with the same content.
    await webhook?.send(announcement)
    const key = announcementKey(announcement)
    if (key) await results.putOnce(key, JSON.stringify(announcement), { contentType: 'application/json' })
    show(announcement)
  }
  return {
    take: announcement => {
      if (announcement.type === 'job.progress') show(announcement)
      else working = working.then(() => keep(announcement)).catch(onFailure)
    },
    settled: () => working
  }
}
