import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { postSigned } from './post.ts'

/** An announcement as EventBridge delivers it. */
export const announcedEvent = z.looseObject({
  id: z.string(),
  'detail-type': z.string(),
  detail: z.record(z.string(), z.unknown())
})

/**
 * Posts an announcement to a webhook; EventBridge comes again where that fails.
 * @throws Fault webhook-refused
 */
export const postAnnouncement = async (
  webhook: { url: string; secret: string },
  { id, 'detail-type': type, detail }: z.infer<typeof announcedEvent>
) => {
  const refused = (reason: string) => new Fault('webhook-refused', { url: webhook.url, reason })
  const body = JSON.stringify({ type, ...detail })
  const status = await postSigned(webhook, id, body).catch((error: unknown) => {
    throw refused((error as Error).message)
  })
  if (status < 200 || status >= 300) throw refused(`it answered ${status}`)
}
