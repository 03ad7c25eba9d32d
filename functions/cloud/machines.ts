import { ExecutionAlreadyExists, StartExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn'
import { Fault } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'

/**
 * Starts a job's state machine under the job's id, so that a job which runs, or has ended, is left alone.
 * @param machines ARN of the state machine of each task that is deployed
 * @throws Fault task-unknown where the task is not deployed; machine-unavailable
 */
export const machineStarter =
  (client: Pick<SFNClient, 'send'>, machines: Record<string, string>) => async (job: Job) => {
    const machine = machines[job.task]
    if (machine === undefined)
      throw new Fault('task-unknown', { task: job.task, tasks: Object.keys(machines) })
    try {
      await client.send(
        new StartExecutionCommand({
          stateMachineArn: machine,
          name: job.id,
          // Nothing that differs between two deliveries of one event: the same start is then no error.
          input: JSON.stringify({ job: job.id })
        })
      )
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return
      throw new Fault('machine-unavailable', { job: job.id, reason: (error as Error).name }, { cause: error })
    }
  }
