import { PutEventsCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { busProgressSeconds, type Announcement } from '../../events/announcement.ts'
import { Fault } from '../../events/faults.ts'

/**
 * Announces on an EventBridge bus: source `clipmill`, the announcement's type as detail type, all else as detail.
 * @throws Fault bus-unavailable
 */
export const busAnnouncer = (client: Pick<EventBridgeClient, 'send'>, bus: string) => {
  // An invocation works on one step of one segment.
  let told = { what: '', at: 0 }
  return async ({ type, ...detail }: Announcement) => {
    if (type === 'job.progress') {
      const { job, step, segment, at } = detail as Extract<Announcement, { type: 'job.progress' }>
      const [what, now] = [`${job} ${step} ${segment}`, Date.parse(at)]
      // The first one, too, waits: most segments are done by then.
      if (what !== told.what) told = { what, at: now }
      if (now - told.at < busProgressSeconds * 1000) return
      told.at = now
    }
    const { FailedEntryCount, Entries } = await send(client, {
      EventBusName: bus,
      Source: 'clipmill',
      DetailType: type,
      Detail: JSON.stringify(detail)
    })
    if (FailedEntryCount) throw new Fault('bus-unavailable', { bus, reason: Entries?.[0]?.ErrorCode ?? '' })
  }
}

type Entry = NonNullable<ConstructorParameters<typeof PutEventsCommand>[0]['Entries']>[number]

const send = async (client: Pick<EventBridgeClient, 'send'>, entry: Entry) => {
  try {
    return await client.send(new PutEventsCommand({ Entries: [entry] }))
  } catch (error) {
    throw new Fault(
      'bus-unavailable',
      { bus: entry.EventBusName!, reason: (error as Error).name },
      { cause: error }
    )
  }
}
