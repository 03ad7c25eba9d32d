import type { Account } from './account.ts'
import { runsOf } from './runs.ts'
import type { Stack } from './stack.ts'

interface Status extends Omit<Stack, 'machines'> {
  region: string
  /** By task: executions that run, and how those ended that began within the last day. */
  tasks: Record<string, { machine: string; running: number; done: number; failed: number; cancelled: number }>
}

const day = 24 * 3600_000

/** How a deployment stands, and what it did within the last day. */
export const readStatus = async (account: Account, { machines, ...stack }: Stack): Promise<Status> => {
  const tasks = await Promise.all(
    Object.entries(machines).map(async ([task, machine]) => [task, await countRuns(account, task, machine)])
  )
  return { ...stack, region: account.region, tasks: Object.fromEntries(tasks) as Status['tasks'] }
}

const countRuns = async (account: Account, task: string, machine: string) => {
  const counts = { machine, running: 0, done: 0, failed: 0, cancelled: 0 }
  counts.running = (await Array.fromAsync(runsOf(account, task, machine, 'RUNNING'))).length
  for await (const { status, started } of runsOf(account, task, machine)) {
    if (started.getTime() < Date.now() - day) break
    if (status === 'SUCCEEDED') counts.done++
    else if (status === 'ABORTED') counts.cancelled++
    else if (status !== 'RUNNING') counts.failed++
  }
  return counts
}

export const statusLines = ({ name, state, region, uploads, results, bus, tasks }: Status) => [
  `${name}  ${state}  ${region}`,
  `  uploads  ${uploads}`,
  `  results  ${results}`,
  `  bus      ${bus}`,
  ...Object.entries(tasks).map(
    ([task, { running, done, failed, cancelled }]) =>
      `  ${task}  ${running} running; of the last day ${done} done, ${failed} failed, ${cancelled} cancelled`
  )
]
