import * as batch from 'aws-cdk-lib/aws-batch'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { batchJobFailed, tellOfLost } from '../../functions/batch-ended/index.ts'
import { failToken } from '../../functions/cloud/token.ts'
import { failureOf } from '../../functions/store/failure.ts'
import { tasks } from '../../tasks/index.ts'
import { byBatch } from '../../infra/invocation.ts'
import { statesOf, synthesise } from '../infra/definition.ts'
import { awsError, fakeClient } from './cloud/clients.ts'

const arn = (resource: string) => `arn:aws:batch:us-east-1:123456789012:${resource}`
const { definition } = synthesise(tasks['track-many'], stack =>
  byBatch(
    batch.JobQueue.fromJobQueueArn(stack, 'Queue', arn('job-queue/gpu')),
    batch.EcsJobDefinition.fromJobDefinitionArn(stack, 'Job', arn('job-definition/infer:1'))
  )
)
const submit = z.object({
  ContainerOverrides: z.object({ 'Command.$': z.string() }),
  Timeout: z.object({ AttemptDurationSeconds: z.number() })
})
const [submitted] = statesOf(definition).flatMap(
  ([, { Parameters }]) => submit.safeParse(Parameters).data ?? []
)
const seconds = submitted.Timeout.AttemptDurationSeconds

/** The command of a container, as the state that submits its job puts it together. */
const commandOf = (values: Record<string, string>) =>
  [
    ...submitted.ContainerOverrides['Command.$'].matchAll(
      /States\.Format\('\{\}', (?:'([^']*)'|(\$[^)]*))\)|'([^']*)'/g
    )
  ].map(([, text, path, word]) => (path === undefined ? (text ?? word) : values[path]))

/** As EventBridge delivers it; all but what is looked at left out. */
const event = (more: object = {}, ran = 60) =>
  batchJobFailed.parse({
    source: 'aws.batch',
    'detail-type': 'Batch Job State Change',
    detail: {
      jobId: '4c7599ae-0a82-49aa-ba5a-4727fcce14a8',
      status: 'FAILED',
      statusReason: 'Essential container in task exited',
      container: {
        command: commandOf({ '$.job': 'track-many-1', '$.segment': '3', '$$.Task.Token': 'AAAAKgAAAAIAAA' }),
        ...more
      },
      timeout: { attemptDurationSeconds: seconds },
      attempts: [
        { startedAt: 1_795_000_000_000, stoppedAt: 1_795_000_900_500 },
        { startedAt: 1_795_001_000_000, stoppedAt: 1_795_001_000_000 + ran * 1000 }
      ]
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

  it('is a step out of time where its last attempt ran as long as it may', async () => {
    const { client, sent } = fakeClient()
    const { fault } = await tell(client, event({ exitCode: 137 }, seconds))
    expect(fault).toMatchObject({ code: 'step-timeout', details: { step: 'detect', seconds } })
    expect(sent[0].input).toMatchObject({ error: 'step-timeout' })
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
