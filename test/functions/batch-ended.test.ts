import { describe, expect, it } from 'vitest'
import { batchJobFailed, tellOfLost } from '../../functions/batch-ended/index.ts'
import { failToken } from '../../functions/cloud/token.ts'
import { failureOf } from '../../functions/store/failure.ts'
import { tasks } from '../../tasks/index.ts'
import { awsError, fakeClient } from './cloud/clients.ts'

/** As EventBridge delivers it; all but what is looked at left out. */
const event = (more: object = {}) =>
  batchJobFailed.parse({
    source: 'aws.batch',
    'detail-type': 'Batch Job State Change',
    detail: {
      jobId: '4c7599ae-0a82-49aa-ba5a-4727fcce14a8',
      status: 'FAILED',
      statusReason: 'Essential container in task exited',
      container: {
        command: [
          ...['batch.mjs', '--job', 'track-many-1', '--stage', 'detect', '--segment', '3'],
          ...['--token', 'AAAAKgAAAAIAAA']
        ],
        ...more
      }
    }
  })

const tell = (client: never, told = event()) =>
  tellOfLost((token, fault) => failToken(client, token, fault), told)

describe('a container of AWS Batch that was lost', () => {
  it.each([
    [
      { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      /OutOfMemoryError.*137/
    ],
    [{ reason: 'CannotPullContainerError: no such image' }, /CannotPullContainerError/],
    [{}, /Essential container/]
  ])('is a worker that was lost, for the state that waits: %o', async (how, reason) => {
    const { client, sent } = fakeClient()
    const { told, job, segment } = await tell(client, event(how))
    expect({ told, job, segment }).toEqual({ told: true, job: 'track-many-1', segment: 3 })
    const [{ name, input }] = sent
    expect([name, input.taskToken, input.error]).toEqual(['SendTaskFailure', 'AAAAKgAAAAIAAA', 'worker-lost'])
    // As `store` reads it, of what the machine caught.
    const caught = { detect: { Error: 'worker-lost', Cause: input.cause as string } }
    const record = failureOf(caught, tasks['track-many'])
    expect(record).toMatchObject({ code: 'worker-lost', details: { step: 'detect' } })
    expect(record.message).toMatch(reason)
  })

  it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
    'is no news where nobody waits any longer: %s',
    async name => {
      const { client } = fakeClient(() => {
        throw awsError(name)
      })
      expect(await tell(client)).toMatchObject({ told: false })
    }
  )

  it('is told of again where Step Functions could not be told', async () => {
    const { client } = fakeClient(() => {
      throw awsError('ThrottlingException')
    })
    await expect(tell(client)).rejects.toMatchObject({ name: 'ThrottlingException' })
  })
})
