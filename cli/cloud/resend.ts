import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message
} from '@aws-sdk/client-sqs'
import { z } from 'zod'
import { uploadEvent } from '../../events/upload.ts'
import { clientOptions, type Account } from './account.ts'
import { asked } from './asked.ts'
import { findDeadLetters, type Target } from './dead-letters.ts'
import type { Stack } from './stack.ts'

/** The clients that only this command needs. */
interface Senders {
  queues: Pick<SQSClient, 'send'>
  functions: Pick<LambdaClient, 'send'>
}

export const openSenders = ({ region }: Account): Senders => {
  const here = { ...clientOptions, region }
  return { queues: new SQSClient(here), functions: new LambdaClient(here) }
}

interface Letter {
  /** What the event tells, e.g. `upload of track-many/street.mp4`. */
  what: string
  /** When that was. */
  at?: string
  /** Why it could not be delivered, where that is known. */
  reason?: string
  /** To what it was sent again, or would be; none where nothing of the deployment takes it. */
  to?: Target
}

interface Resent {
  dryRun: boolean
  letters: Letter[]
  /** Which somebody else, or a resend that broke off, has taken out within the last minutes. */
  inFlight: number
}

/** Seconds for which nobody else sees a letter that is being sent; then it is there again. */
const hidden = 120

/**
 * Sends again what could not be delivered or dealt with, each event to where its rule would have. It leaves the queue of
 * dead letters once it was taken there, so what breaks off loses nothing; each break may have one event sent twice. It
 * ends with as many as there were: what fails anew while it goes on is left for the next time.
 * @throws Fault as `asked` does
 */
export const resend = async (
  account: Account,
  stack: Stack,
  { queues, functions }: Senders,
  { dryRun }: { dryRun: boolean }
): Promise<Resent> => {
  const { queue: QueueUrl, targets } = await findDeadLetters(account, stack)
  const resent: Resent = { dryRun, letters: [], inFlight: 0 }
  if (QueueUrl === undefined) return resent

  const deliver = ({ kind, id }: Target, body: string) =>
    kind === 'queue'
      ? asked(`take a message into ${id}`, () =>
          queues.send(new SendMessageCommand({ QueueUrl: id, MessageBody: body }))
        )
      : asked(`call the function ${id}`, () =>
          functions.send(new InvokeCommand({ FunctionName: id, InvocationType: 'Event', Payload: body }))
        )

  const seen = new Set<string>()
  /** By message, the receipt that it was handed out with last: one that is kept comes again after a while. */
  const kept = new Map<string, string>()
  const { waiting, inFlight } = await countOf(queues, QueueUrl)
  resent.inFlight = inFlight
  while (resent.letters.length < waiting) {
    const { Messages = [] } = await asked(`hand out messages of ${QueueUrl}`, () =>
      queues.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: hidden,
          // Long enough that all of the queue is looked at.
          WaitTimeSeconds: 2,
          MessageAttributeNames: ['All']
        })
      )
    )
    if (Messages.length === 0) break
    for (const message of Messages) {
      const [id, ReceiptHandle] = [message.MessageId!, message.ReceiptHandle!]
      const again = seen.has(id)
      const letter = letterOf(message, targets)
      if (letter.to && !dryRun) {
        if (!again) await deliver(letter.to, message.Body!)
        await asked(`remove a message of ${QueueUrl}`, () =>
          queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
        )
      } else kept.set(id, ReceiptHandle)
      if (!again) resent.letters.push(letter)
      seen.add(id)
    }
  }
  for (const ReceiptHandle of kept.values()) await giveBack(queues, { QueueUrl, ReceiptHandle })
  return resent
}

const countOf = async (queues: Senders['queues'], QueueUrl: string) => {
  const { Attributes } = await asked(`count the messages of ${QueueUrl}`, () =>
    queues.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
      })
    )
  )
  return {
    waiting: Number(Attributes?.ApproximateNumberOfMessages),
    inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible)
  }
}

/** Lets others see a message again at once. */
const giveBack = (queues: Senders['queues'], message: { QueueUrl: string; ReceiptHandle: string }) =>
  asked(`give back a message of ${message.QueueUrl}`, async () => {
    try {
      await queues.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }))
    } catch (error) {
      // They do already.
      if ((error as Error).name !== 'MessageNotInflight') throw error
    }
  })

/** An event as EventBridge delivers it. */
const event = z.looseObject({
  source: z.string(),
  'detail-type': z.string(),
  time: z.string(),
  detail: z.looseObject({ job: z.string().optional() })
})

/** Messages carry the event as EventBridge, Lambda or the queue of uploads had it; the first two say what went wrong. */
const letterOf = ({ Body, MessageAttributes = {} }: Message, targets: Record<string, Target>): Letter => {
  const json = jsonOf(Body!)
  const { data } = event.safeParse(json)
  const reason = (MessageAttributes.ERROR_MESSAGE ?? MessageAttributes.ErrorMessage)?.StringValue
  const to = data && Object.hasOwn(targets, data.source) ? targets[data.source] : undefined
  return {
    what: whatOf(json, data),
    ...(data && { at: data.time }),
    ...(reason !== undefined && { reason }),
    ...(to && { to })
  }
}

const whatOf = (json: unknown, event_: z.infer<typeof event> | undefined) => {
  const uploads = uploadEvent.safeParse(json)
  if (uploads.success) return `upload of ${uploads.data.map(({ key }) => key).join(', ')}`
  if (!event_) return 'something that is no event'
  const { detail, source, 'detail-type': type } = event_
  return detail.job === undefined ? `${type} of ${source}` : `${type} of ${detail.job}`
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const resentLines = ({ dryRun, letters, inFlight }: Resent) => {
  const sent = letters.filter(({ to }) => to)
  return [
    ...letters.map(
      ({ what, at, reason, to }) =>
        `  ${to ? (dryRun ? 'to send' : 'sent   ') : 'stays  '}  ${[what, at, reason].filter(Boolean).join('  ')}`
    ),
    letters.length === 0
      ? 'no dead letters'
      : `${sent.length} of ${letters.length} ${dryRun ? 'would be sent again' : 'were sent again'}${
          sent.length < letters.length ? '; nothing of this deployment takes the others' : ''
        }`,
    ...(inFlight > 0 ? [`${inFlight} more come back within two minutes: somebody took them out before`] : [])
  ]
}
