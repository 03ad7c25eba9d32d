import { expect, it } from 'vitest'
import { busAnnouncer } from '../../../functions/cloud/announcer.ts'
import { awsError, fakeClient } from './clients.ts'

const about = { job: 'track-many-1', task: 'track-many', clip: 'street.mp4', key: 'track-many/street.mp4' }
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const progress = (segment: number, second: number) =>
  ({ type: 'job.progress', ...about, at: at(second), step: 'detect', segment, frames: second }) as const

it('puts an announcement on the bus: its type as detail type, all else as detail', async () => {
  const { client, sent } = fakeClient()
  await busAnnouncer(client, 'my-bus')({ type: 'job.accepted', ...about, at: at(0) })
  expect(sent).toEqual([
    {
      name: 'PutEvents',
      input: {
        Entries: [
          {
            EventBusName: 'my-bus',
            Source: 'clipmill',
            DetailType: 'job.accepted',
            Detail: JSON.stringify({ ...about, at: at(0) })
          }
        ]
      }
    }
  ])
})

it('tells progress of a segment every quarter of a minute, and of a short one nothing', async () => {
  const { client, sent } = fakeClient()
  const announce = busAnnouncer(client, 'my-bus')
  for (let second = 0; second <= 31; second++) await announce(progress(0, second))
  for (let second = 32; second <= 40; second++) await announce(progress(1, second))
  const frames = sent.map(
    ({ input }) => JSON.parse((input.Entries as { Detail: string }[])[0].Detail) as { frames: number }
  )
  expect(frames.map(({ frames }) => frames)).toEqual([15, 30])
})

it.each([
  ['refuses the entry', () => ({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] })],
  [
    'does not answer',
    () => {
      throw awsError('ThrottlingException')
    }
  ]
])('a bus that %s is a fault that is tried again', async (_, answer) => {
  const announce = busAnnouncer(fakeClient(answer).client, 'my-bus')
  await expect(announce({ type: 'job.accepted', ...about, at: at(0) })).rejects.toMatchObject({
    code: 'bus-unavailable',
    retry: 'now',
    details: { bus: 'my-bus', reason: 'ThrottlingException' }
  })
})
