import { ExecutionAlreadyExists } from '@aws-sdk/client-sfn'
import { expect, it } from 'vitest'
import type { Job } from '../../../events/job.ts'
import { machineStarter } from '../../../functions/cloud/machines.ts'
import { awsError, fakeClient } from './clients.ts'

const job = { id: 'track-many-1', task: 'track-many' } as Job
const machines = { 'track-many': 'arn:aws:states:us-east-1:123456789012:stateMachine:TrackMany' }

it('starts the machine of the task under the name of the job, with nothing that differs from time to time', async () => {
  const { client, sent } = fakeClient()
  await machineStarter(client, machines)(job)
  expect(sent).toEqual([
    {
      name: 'StartExecution',
      input: { stateMachineArn: machines['track-many'], name: job.id, input: '{"job":"track-many-1"}' }
    }
  ])
})

it('leaves a job alone that runs, or has ended', async () => {
  const { client } = fakeClient(() => {
    throw new ExecutionAlreadyExists({ message: '', $metadata: {} })
  })
  await expect(machineStarter(client, machines)(job)).resolves.toBeUndefined()
})

it('a machine that cannot be started is a fault that is tried again; a task without one is not', async () => {
  const { client } = fakeClient(() => {
    throw awsError('ThrottlingException')
  })
  const start = machineStarter(client, machines)
  await expect(start(job)).rejects.toMatchObject({ code: 'machine-unavailable', retry: 'now' })
  await expect(start({ ...job, task: 'segment' })).rejects.toMatchObject({ code: 'task-unknown' })
})
