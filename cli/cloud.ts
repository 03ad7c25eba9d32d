import { createInterface } from 'node:readline/promises'
import { Option, type Command } from 'commander'
import { Fault } from '../events/faults.ts'
import type { Account } from './cloud/account.ts'
import type { Stack } from './cloud/stack.ts'
import { addStackOption, stackFlag } from './deploy.ts'
import { tasks } from '../tasks/index.ts'
import { note, print, printJson } from './output.ts'
import type { Shell } from './shell.ts'

interface StackFlag {
  stack: string
}

const states = ['running', 'completed', 'partial', 'failed', 'cancelled'] as const

/** The AWS SDK is loaded by the commands that need it, since that takes longer than most other commands. */
export const addCloud = (program: Command, shell: Shell) => {
  const cloud = program.command('cloud').description('what clipmill deploy made in the AWS account')
  const command = (name: string, description: string, parent = cloud) =>
    addStackOption(parent.command(name).description(description)).option('--json', 'as JSON', false)
  const say = <T>(answer: T, lines: (answer: T) => string[]) => {
    if (shell.json) printJson(answer)
    else for (const line of lines(answer)) print(line)
  }

  command('status', 'its state, buckets and machines, and what they did within the last day').action(
    async (flags: StackFlag) => {
      const { readStatus, statusLines } = await import('./cloud/status.ts')
      const { account, stack } = await open(flags)
      say(await readStatus(account, stack), statusLines)
    }
  )
  command('jobs', 'list them, newest first')
    .option('--last <count>', 'that many of the newest', Number, 50)
    .addOption(new Option('--state <state>', 'only those that are').choices(states))
    .action(async (flags: StackFlag & { last: number; state?: (typeof states)[number] }) => {
      const { last, state } = flags
      if (!(Number.isInteger(last) && last > 0))
        throw new Fault('usage-wrong', { problem: '--last takes a whole number from 1' })
      const { listJobs, jobsLines } = await import('./cloud/jobs.ts')
      const { account, stack } = await open(flags)
      const jobs = await listJobs(account, stack, { last, state })
      if (jobs.length === 0 && !shell.json) note('no jobs')
      say(jobs, jobs => jobsLines(jobs))
    })
  command('logs <id>', 'what the functions logged of a job, and what went wrong').action(
    async (id: string, flags: StackFlag) => {
      const { readLogs, logsLines } = await import('./cloud/logs.ts')
      const { account, stack } = await open(flags)
      say(await readLogs(account, stack, id), logs => logsLines(logs, stackFlag(flags.stack)))
    }
  )
  for (const [name, description] of [
    ['cancel', 'stop jobs; what they have done stays'],
    ['retry', 'do what is missing of jobs that failed, ended in part or were cancelled']
  ] as const)
    command(`${name} <id...>`, description).action(async (ids: string[], flags: StackFlag) => {
      const { cancelJob, retryJob, controlLines } = await import('./cloud/control.ts')
      const { account, stack } = await open(flags)
      const control = { cancel: cancelJob, retry: retryJob }[name]
      const done = []
      for (const id of ids) done.push(await control(account, stack, id))
      say(done, controlLines)
    })
  command('resend', 'send again what could not be delivered or dealt with: news of uploads, announcements')
    .option('--dry-run', 'only tell what that is', false)
    .action(async (flags: StackFlag & { dryRun: boolean }) => {
      const { openSenders, resend, resentLines } = await import('./cloud/resend.ts')
      const { account, stack } = await open(flags)
      say(await resend(account, stack, openSenders(account), flags), resentLines)
    })
  command('links <id>', 'links by which anybody can download the results of a job')
    .option('--expires <time>', 'how long they are good for, e.g. 15m, 1h or 7d', '1h')
    .action(async (id: string, flags: StackFlag & { expires: string }) => {
      const { makeLinks, secondsOf, linksLines } = await import('./cloud/links.ts')
      const seconds = secondsOf(flags.expires)
      const { account, stack } = await open(flags)
      say(await makeLinks(account, stack, id, seconds), linksLines)
    })
  command('form <key>', 'a form by which anybody can upload one clip, e.g. to track-many/party.mp4')
    .option('--max-mb <count>', 'how large it may be', Number, 5000)
    .option('--type <beginning>', 'what its media type has to begin with', 'video/')
    .option('--expires <time>', 'how long the form is good for', '1h')
    .action(async (key: string, flags: StackFlag & { maxMb: number; type: string; expires: string }) => {
      // S3 takes no more by one request.
      if (!(flags.maxMb > 0 && flags.maxMb <= 5000))
        throw new Fault('usage-wrong', { problem: '--max-mb takes a number up to 5000' })
      if (!Object.hasOwn(tasks, key.split('/', 1)[0]))
        throw new Fault('usage-wrong', { problem: `a key begins with a task's name, e.g. track-many/${key}` })
      const { makeForm, formLines } = await import('./cloud/form.ts')
      const { secondsOf } = await import('./cloud/links.ts')
      const asked = { key, type: flags.type, most: flags.maxMb * 1e6, expires: secondsOf(flags.expires) }
      const { account, stack } = await open(flags)
      say(await makeForm(account, stack, asked), formLines)
    })
  command('destroy', 'remove it; what is kept is told of first')
    .option('--dry-run', 'only tell what would go, what would stay, and what that costs', false)
    .option('--yes', 'do not ask', false)
    .action(async ({ stack, dryRun, yes }: StackFlag & { dryRun: boolean; yes: boolean }) => {
      const { readFate, fateLines } = await import('./cloud/destroy.ts')
      const { openAccount } = await import('./cloud/account.ts')
      const fate = await readFate(await openAccount(), stack)
      say(fate, fateLines)
      if (dryRun) return
      if (fate.toEmpty.length > 0)
        throw new Fault('bucket-filled', { buckets: fate.toEmpty.map(({ id }) => id) })
      if (!yes && !(await agreed(`remove ${stack}? `))) return
      const { runCdk } = await import('./cloud/cdk.ts')
      // What stays follows from what is deployed, not from what is asked for now.
      await runCdk('destroy', ['--force'], stack, ['retention=keep'])
    })
  const policies = cloud.command('policies').description('IAM policies with what a role needs, and why')
  for (const [name, description] of [
    ['deploy', 'for who deploys, and for who bootstraps the account'],
    ['use', 'for who uploads clips, and stops jobs or begins them again'],
    ['read', 'for who looks at jobs and takes results']
  ] as const)
    command(name, description, policies).action(async (flags: StackFlag) => {
      const { deployPolicy, readPolicy, usePolicy } = await import('./cloud/policies.ts')
      if (name === 'deploy') {
        const { openAccount } = await import('./cloud/account.ts')
        printJson(await deployPolicy(await openAccount(), flags.stack))
      } else {
        const { account, stack } = await open(flags)
        printJson(await { use: usePolicy, read: readPolicy }[name](account, stack))
      }
    })
}

/** @throws Fault stack-missing; as `openAccount` and `asked` do */
const open = async ({ stack }: StackFlag): Promise<{ account: Account; stack: Stack }> => {
  const { openAccount } = await import('./cloud/account.ts')
  const { readStack } = await import('./cloud/stack.ts')
  const account = await openAccount()
  return { account, stack: await readStack(account, stack) }
}

/** @throws Fault usage-wrong where nobody can be asked */
const agreed = async (question: string) => {
  if (!process.stdin.isTTY)
    throw new Fault('usage-wrong', { problem: 'nobody can be asked here; say --yes if it is to be' })
  using line = createInterface({ input: process.stdin, output: process.stderr })
  return /^y(es)?$/i.test(await line.question(question))
}
