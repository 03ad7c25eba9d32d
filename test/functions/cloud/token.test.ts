import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { answerToken, heartbeatSeconds } from '../../../functions/cloud/token.ts'
import { awsError, fakeClient } from './clients.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('tells the state that waits of the answer', async () => {
  const { client, sent } = fakeClient()
  expect(await answerToken(client, 'token', () => Promise.resolve({ done: true }))).toBe(true)
  expect(sent).toEqual([
    { name: 'SendTaskHeartbeat', input: { taskToken: 'token' } },
    { name: 'SendTaskSuccess', input: { taskToken: 'token', output: '{"done":true}' } }
  ])
})

it('tells it of a fault by its code, with the record as the cause', async () => {
  const { client, sent } = fakeClient()
  const fault = new Fault('clip-empty', { file: 'street.mp4' })
  await answerToken(client, 'token', () => Promise.reject(fault))
  expect(sent.at(-1)).toEqual({
    name: 'SendTaskFailure',
    input: { taskToken: 'token', error: 'clip-empty', cause: JSON.stringify(fault) }
  })
})

it('gives signs of life while it works', async () => {
  const { client, sent } = fakeClient()
  const working = Promise.withResolvers<undefined>()
  const answered = answerToken(client, 'token', () => working.promise)
  await vi.advanceTimersByTimeAsync(heartbeatSeconds * 3000 + 1)
  working.resolve(undefined)
  await answered
  expect(sent.filter(({ name }) => name === 'SendTaskHeartbeat')).toHaveLength(4)
  await vi.advanceTimersByTimeAsync(heartbeatSeconds * 3000)
  expect(sent.at(-1)!.name).toBe('SendTaskSuccess')
})

it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
  'does nothing for a token that nobody waits for (%s)',
  async name => {
    const { client } = fakeClient(() => {
      throw awsError(name)
    })
    const work = vi.fn(() => Promise.resolve())
    expect(await answerToken(client, 'token', work)).toBe(false)
    expect(work).not.toHaveBeenCalled()
  }
)

it('says so where the execution is stopped in mid-work', async () => {
  let stopped = false
  const { client } = fakeClient(() => {
    if (stopped) throw awsError('TaskTimedOut')
    return {}
  })
  const onLost = vi.fn()
  const working = Promise.withResolvers<undefined>()
  const answered = answerToken(client, 'token', () => working.promise, onLost)
  await vi.advanceTimersByTimeAsync(0)
  stopped = true
  await vi.advanceTimersByTimeAsync(heartbeatSeconds * 1000 + 1)
  expect(onLost).toHaveBeenCalled()
  working.resolve(undefined)
  expect(await answered).toBe(false)
})

it('works on where a sign of life does not get through', async () => {
  const { client, sent } = fakeClient((_, name) => {
    if (name === 'SendTaskHeartbeat') throw awsError('ThrottlingException')
    return {}
  })
  expect(await answerToken(client, 'token', () => Promise.resolve({}))).toBe(true)
  expect(sent.at(-1)!.name).toBe('SendTaskSuccess')
})
