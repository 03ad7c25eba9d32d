import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  StartExecutionCommand,
  StopExecutionCommand
} from '@aws-sdk/client-sfn'
import { Fault } from '../../events/faults.ts'
import { busAnnouncer } from '../../functions/cloud/announcer.ts'
import { about, readJob } from '../../functions/shared/job.ts'
import { reopen } from '../../functions/shared/reopen.ts'
import type { JobState } from '../../local/announcements.ts'
import { checkControl } from '../jobs.ts'
import type { Account } from './account.ts'
import { asked } from './asked.ts'
import { openRecords, stateOf } from './records.ts'
import { findRun, runName } from './runs.ts'
import { openResults, type Stack } from './stack.ts'

interface Controlled {
  id: string
  state: JobState
  execution: string
}
const place = { show: 'cloud logs' } as const

/** The job whose id begins so, and what may be done with it. */
const openJob = async (account: Account, stack: Stack, beginning: string, control: 'cancel' | 'retry') => {
  const results = openResults(account, stack)
  const run = await findRun(account, stack, beginning)
  checkControl(run.job, stateOf(run, await openRecords(results)(run.job)), control, place)
  return { run, results, job: await readJob({ results }, run.job) }
}

/**
 * Stops a job, and announces that; what it has done stays. Functions that are at work finish their step, which nobody
 * waits for.
 * @throws Fault job-unknown; job-state where it has ended; bus-unavailable
 */
export const cancelJob = async (account: Account, stack: Stack, beginning: string): Promise<Controlled> => {
  const { machines, events } = account
  const { run, job } = await openJob(account, stack, beginning, 'cancel')
  const stop = { executionArn: run.arn, error: 'cancelled', cause: 'somebody wanted it stopped' }
  const { status } = await asked(`stop the job ${job.id}`, async () => {
    await machines.send(new StopExecutionCommand(stop))
    return await machines.send(new DescribeExecutionCommand({ executionArn: run.arn }))
  })
  // It may have come to its end first.
  if (status !== 'ABORTED')
    checkControl(job.id, stateOf({ ...run, status: status! }, { job, manifest: undefined }), 'cancel', place)
  await busAnnouncer(events, stack.bus)({ type: 'job.cancelled', ...about({ now: () => new Date() }, job) })
  return { id: job.id, state: 'cancelled', execution: run.arn }
}

/**
 * Does what is missing of a job that failed, ended in part or was cancelled.
 *
 * A new execution walks the chain from its start, since storage says what is done. Redriving the old one would not do:
 * one that failed stands in its `Fail` state, one that ended in part has succeeded, and one that was stopped would go on
 * behind the segments that were given up. Names of executions are taken for 90 days, hence the number.
 * @throws Fault job-unknown; job-state where nothing is missing, or it runs; object-missing where its work was removed
 */
export const retryJob = async (account: Account, stack: Stack, beginning: string): Promise<Controlled> => {
  const { run, results, job } = await openJob(account, stack, beginning, 'retry')
  await reopen({ results }, job.id)
  await results.delete(`${job.results}error.json`)
  const start = {
    stateMachineArn: stack.machines[run.task],
    name: runName(job.id, run.number + 1),
    input: JSON.stringify({ job: job.id })
  }
  const { executionArn } = await asked(`start the job ${job.id} again`, async () => {
    try {
      return await account.machines.send(new StartExecutionCommand(start))
    } catch (error) {
      // Somebody else was faster, and what they started has ended already.
      if (error instanceof ExecutionAlreadyExists)
        throw new Fault('job-state', { job: job.id, state: 'retried', wish: 'retried again', ...place })
      throw error
    }
  })
  return { id: job.id, state: 'running', execution: executionArn! }
}

export const controlLines = (jobs: Controlled[]) => jobs.map(({ id, state }) => `${id}  ${state}`)
