import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { resend, resentLines } from '../../cli/cloud/resend.ts'
import { readStack } from '../../cli/cloud/stack.ts'
import { awsError, clientOf, makeAccount, queues } from './cloud-account.ts'

const example = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../events/examples/${name}.json`, import.meta.url), 'utf8'))

const uploaded = (key: string) => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  id: '1',
  time: '2026-11-24T10:00:00Z',
  detail: { bucket: { name: 'uploads' }, object: { key, size: 1, etag: 'e' } }
})
const announced = {
  source: 'clipmill',
  'detail-type': 'job.completed',
  time: '2026-11-24T11:00:00Z',
  detail: { job: 'track-many-a' }
}
const foreign = { source: 'aws.batch', 'detail-type': 'Batch Job State Change', time: 't', detail: {} }

/** Dead letters in a queue that hands out two at a time, and a list of what was delivered. */
const deadLetters = async (bodies: unknown[], more: Parameters<typeof clientOf>[0] = {}) => {
  const { account } = await makeAccount()
  const stack = await readStack(account, 'Clipmill')
  const messages = bodies.map((body, i) => ({
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    MessageId: `message-${i}`,
    ReceiptHandle: String(i),
    hidden: false
  }))
  const find = (handle: string) => messages.find(({ ReceiptHandle }) => ReceiptHandle === handle)!
  const delivered: [to: string, body: unknown][] = []
  const sent: { command: string; input: object }[] = []
  const client = clientOf(
    {
      GetQueueAttributesCommand: () => ({
        Attributes: {
          ApproximateNumberOfMessages: String(messages.filter(({ hidden }) => !hidden).length),
          ApproximateNumberOfMessagesNotVisible: String(messages.filter(({ hidden }) => hidden).length)
        }
      }),
      ReceiveMessageCommand: ({ QueueUrl }: { QueueUrl: string }) => {
        expect(QueueUrl).toBe(queues.deadLetters)
        const Messages = messages.filter(({ hidden }) => !hidden).slice(0, 2)
        for (const message of Messages) message.hidden = true
        return { Messages }
      },
      ChangeMessageVisibilityCommand: ({ ReceiptHandle }: { ReceiptHandle: string }) =>
        Object.assign(find(ReceiptHandle), { hidden: false }),
      DeleteMessageCommand: ({ ReceiptHandle }: { ReceiptHandle: string }) =>
        messages.splice(messages.indexOf(find(ReceiptHandle)), 1),
      SendMessageCommand: ({ QueueUrl, MessageBody }: { QueueUrl: string; MessageBody: string }) => {
        delivered.push([QueueUrl, JSON.parse(MessageBody)])
        return {}
      },
      InvokeCommand: (input: { FunctionName: string; InvocationType: string; Payload: string }) => {
        expect(input.InvocationType).toBe('Event')
        delivered.push([input.FunctionName, JSON.parse(input.Payload)])
        return { StatusCode: 202 }
      },
      ...more
    },
    sent
  ) as never
  const run = (dryRun = false) => resend(account, stack, { queues: client, functions: client }, { dryRun })
  return { run, messages, delivered, sent }
}

it('each event goes to where its rule would have had it, and then leaves the dead letters', async () => {
  const { run, messages, delivered, sent } = await deadLetters([
    uploaded('a.mp4'),
    announced,
    uploaded('b.mp4')
  ])
  const resent = await run()
  expect(delivered).toEqual([
    [queues.uploads, uploaded('a.mp4')],
    ['Clipmill-webhook-1', announced],
    [queues.uploads, uploaded('b.mp4')]
  ])
  expect(messages).toEqual([])
  expect(resentLines(resent)).toEqual([
    '  sent     upload of a.mp4  2026-11-24T10:00:00Z',
    '  sent     job.completed of track-many-a  2026-11-24T11:00:00Z',
    '  sent     upload of b.mp4  2026-11-24T10:00:00Z',
    '3 of 3 were sent again'
  ])
  const order = sent.map(({ command }) => command).filter(command => /^(Send|Invoke|Delete)/.test(command))
  expect(order).toEqual([
    'SendMessageCommand',
    'DeleteMessageCommand',
    'InvokeCommand',
    'DeleteMessageCommand',
    'SendMessageCommand',
    'DeleteMessageCommand'
  ])
})

it("S3's event, as it was recorded, is one of an upload", async () => {
  const { run } = await deadLetters([example('s3-object-created')])
  expect((await run(true)).letters[0].what).toMatch(/^upload of /)
})

it('what breaks off loses nothing: what was not taken is there for the next time', async () => {
  let tries = 0
  const { run, messages, delivered } = await deadLetters([uploaded('a.mp4'), announced, uploaded('b.mp4')], {
    InvokeCommand: () => {
      if (tries++ === 0) throw awsError('ServiceException', 500)
      delivered.push(['webhook', announced])
      return {}
    }
  })
  await expect(run()).rejects.toMatchObject({ code: 'cloud-unavailable' })
  expect(messages).toHaveLength(2)
  expect(resentLines(await run()).at(-1)).toBe(
    '1 more come back within two minutes: somebody took them out before'
  )
  for (const message of messages) message.hidden = false
  await run()
  expect(messages).toEqual([])
  expect(delivered).toHaveLength(3)
})

it('a dry run tells what there is, and leaves all as it was', async () => {
  const { run, messages, delivered } = await deadLetters([uploaded('a.mp4'), announced, uploaded('b.mp4')])
  expect(resentLines(await run(true)).at(-1)).toBe('3 of 3 would be sent again')
  expect(delivered).toEqual([])
  expect(messages.map(({ hidden }) => hidden)).toEqual([false, false, false])
})

it('what nothing of the deployment takes stays, and is named', async () => {
  const { run, messages, delivered } = await deadLetters([foreign, 'no JSON', uploaded('a.mp4')])
  expect(resentLines(await run())).toEqual([
    '  stays    Batch Job State Change of aws.batch  t',
    '  stays    something that is no event',
    '  sent     upload of a.mp4  2026-11-24T10:00:00Z',
    '1 of 3 were sent again; nothing of this deployment takes the others'
  ])
  expect(delivered).toHaveLength(1)
  expect(messages.map(({ hidden }) => hidden)).toEqual([false, false])
})

it('a message that fails anew while it goes on does not keep it going', async () => {
  const { run, messages, delivered } = await deadLetters([announced], {
    InvokeCommand: () => {
      delivered.push(['webhook', announced])
      messages.push({
        Body: JSON.stringify(announced),
        MessageId: 'new',
        ReceiptHandle: 'new',
        hidden: false
      })
      return {}
    }
  })
  await run()
  expect(delivered).toHaveLength(1)
})

it('a letter that stays is told of once, however long it goes on, and is given back as it came last', async () => {
  const { run, messages } = await deadLetters([foreign, announced, uploaded('a.mp4'), uploaded('b.mp4')], {
    InvokeCommand: () => {
      // It took longer than a letter is hidden: SQS hands it out again, with another receipt.
      Object.assign(messages[0], { hidden: false, ReceiptHandle: 'later' })
      return {}
    }
  })
  expect(resentLines(await run())).toEqual([
    '  stays    Batch Job State Change of aws.batch  t',
    '  sent     job.completed of track-many-a  2026-11-24T11:00:00Z',
    '  sent     upload of a.mp4  2026-11-24T10:00:00Z',
    '  sent     upload of b.mp4  2026-11-24T10:00:00Z',
    '3 of 4 were sent again; nothing of this deployment takes the others'
  ])
  expect(messages).toMatchObject([{ hidden: false, ReceiptHandle: 'later' }])
})

it('says so where there are none', async () => {
  const { run } = await deadLetters([])
  expect(resentLines(await run())).toEqual(['no dead letters'])
})
