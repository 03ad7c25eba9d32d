import { ListExecutionsCommand, type ExecutionStatus } from '@aws-sdk/client-sfn'
import { Fault } from '../../events/faults.ts'
import type { Account } from './account.ts'
import { asked, pagesOf } from './asked.ts'
import type { Stack } from './stack.ts'

/** One execution of a state machine for a job. */
export interface Run {
  job: string
  task: string
  /** How many times the job was begun with this one. */
  number: number
  arn: string
  status: ExecutionStatus
  started: Date
  /** undefined while it runs */
  stopped: Date | undefined
}

/** An execution is called after its job; one that was begun again has a number behind. */
export const runName = (job: string, number: number) => (number === 1 ? job : `${job}-${number}`)

/** Executions of a task's machine, newest first. Those that somebody started by hand under another name are left out. */
export async function* runsOf(
  { machines }: Account,
  task: string,
  machine: string,
  statusFilter?: ExecutionStatus
): AsyncGenerator<Run> {
  const pages = pagesOf(
    (nextToken: string | undefined) =>
      asked(`list the executions of ${machine}`, () =>
        machines.send(
          new ListExecutionsCommand({ stateMachineArn: machine, maxResults: 1000, nextToken, statusFilter })
        )
      ),
    page => page.nextToken
  )
  for await (const { executions = [] } of pages)
    for (const { name, executionArn, status, startDate, stopDate } of executions) {
      const [, job, number = 1] = /^(.+-[0-9a-f]{24})(?:-(\d+))?$/.exec(name!) ?? []
      if (job === undefined) continue
      yield {
        job,
        task,
        number: Number(number),
        arn: executionArn!,
        status: status!,
        started: startDate!,
        stopped: stopDate
      }
    }
}

/** The newest run of each job whose id begins so, newest first. */
export async function* newestRuns(account: Account, { machines }: Stack, beginning = '') {
  const seen = new Set<string>()
  const wanted = Object.entries(machines).filter(
    ([task]) => `${task}-`.startsWith(beginning) || beginning.startsWith(`${task}-`)
  )
  for await (const run of merged(wanted.map(([task, machine]) => runsOf(account, task, machine)))) {
    if (!run.job.startsWith(beginning) || seen.has(run.job)) continue
    seen.add(run.job)
    yield run
  }
}

/** Of several rows, each newest first, one. */
async function* merged(sources: AsyncGenerator<Run>[]) {
  const heads = await Promise.all(sources.map(async source => ({ source, head: await source.next() })))
  for (;;) {
    const [newest] = heads
      .filter(({ head }) => !head.done)
      .toSorted((a, b) => startOf(b.head) - startOf(a.head))
    if (newest === undefined) return
    yield newest.head.value as Run
    newest.head = await newest.source.next()
  }
}

const startOf = ({ value }: IteratorResult<Run, unknown>) => (value as Run).started.getTime()

/** The newest run of the job whose id begins so. @throws Fault job-unknown */
export const findRun = async (account: Account, stack: Stack, beginning: string): Promise<Run> => {
  const found: Run[] = []
  for await (const run of newestRuns(account, stack, beginning)) {
    if (run.job === beginning) return run
    found.push(run)
  }
  if (found.length !== 1)
    throw new Fault('job-unknown', { job: beginning, found: found.length, jobs: 'cloud jobs' })
  return found[0]
}
