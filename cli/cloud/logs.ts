import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { z } from 'zod'
import { faultRecord } from '../../events/announcement.ts'
import { segment as segmentSchema } from '../../events/clip.ts'
import type { FaultRecord } from '../../events/faults.ts'
import { inOrder } from '../../functions/shared/ahead.ts'
import { keys, segmentOf } from '../../functions/shared/keys.ts'
import type { Storage } from '../../functions/shared/storage.ts'
import type { Account } from './account.ts'
import { asked, pagesOf } from './asked.ts'
import { ifThere, openRecords, stateOf } from './records.ts'
import { findRun, type Run } from './runs.ts'
import { logGroupsOf, openResults, type Stack } from './stack.ts'

/** What a function wrote into its log, as Powertools puts it. */
const logEvent = z.object({
  level: z.string(),
  message: z.string(),
  service: z.string(),
  stage: z.string().optional(),
  segment: z.number().optional(),
  fault: faultRecord.optional()
})
type LogEvent = z.infer<typeof logEvent> & { at: string; group: string; stream: string }

/** What went wrong in a job: of one segment that was given up, or, without `segment`, of all of it. */
interface Failure {
  segment?: number
  frames?: { first: number; last: number }
  fault: FaultRecord
  /** Of the log of the function in which it happened. */
  log: string | undefined
}

interface Logs {
  id: string
  state: string
  /** Of the execution in the console of Step Functions. */
  console: string
  events: LogEvent[]
  failures: Failure[]
}

/**
 * What the functions logged of a job in its newest execution, and what went wrong.
 * @throws Fault job-unknown
 */
export const readLogs = async (account: Account, stack: Stack, beginning: string): Promise<Logs> => {
  const { region } = account
  const results = openResults(account, stack)
  const run = await findRun(account, stack, beginning)
  const record = await openRecords(results)(run.job)
  // The others are those of the state machines.
  const groups = (await logGroupsOf(account, stack)).filter(name => !name.startsWith('/aws/vendedlogs/'))
  const events = (await Promise.all(groups.map(group => eventsOf(account, group, run)))).flat()
  events.sort((a, b) => (a.at < b.at ? -1 : 1))

  const logOf = (segment?: number) => {
    const last = events.findLast(event => event.fault && event.segment === segment)
    return last && streamAddress(region, last)
  }
  const failures: Failure[] = (await givenUp(results, run.job)).map(one => ({
    ...one,
    log: logOf(one.segment)
  }))
  const error = record.job && (await ifThere(results.getJson(`${record.job.results}error.json`, errorObject)))
  if (error) failures.push({ fault: error, log: lastFault(region, events, error) })
  return {
    id: run.job,
    state: stateOf(run, record),
    console: `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${run.arn}`,
    events,
    failures
  }
}

/** `error.json`: the fault that ended a job; without the job. */
const errorObject = z.object(faultRecord.shape)

const lastFault = (region: string, events: LogEvent[], { code }: FaultRecord) => {
  const last = events.findLast(({ fault }) => fault?.code === code)
  return last && streamAddress(region, last)
}

/** The lines of one log group that name the job. */
const eventsOf = async ({ logs }: Account, group: string, { job, started, stopped }: Run) => {
  const pages = pagesOf(
    (nextToken: string | undefined) =>
      asked(`read the log ${group}`, () =>
        logs.send(
          new FilterLogEventsCommand({
            logGroupName: group,
            filterPattern: `{ $.job = "${job}" }`,
            startTime: started.getTime(),
            // Functions that are at work when an execution ends say so until their own end.
            ...(stopped && { endTime: stopped.getTime() + 15 * 60_000 }),
            nextToken
          })
        )
      ),
    page => page.nextToken
  )
  const found: LogEvent[] = []
  for await (const { events = [] } of pages)
    for (const { message, timestamp, logStreamName } of events) {
      const parsed = logEvent.safeParse(jsonOf(message!))
      if (parsed.success)
        found.push({ at: new Date(timestamp!).toISOString(), ...parsed.data, group, stream: logStreamName! })
    }
  return found
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The segments that were given up. */
const givenUp = async (results: Storage, job: string) => {
  const name = keys(job)
  const missing = await Array.fromAsync(results.list(name.missings), ({ key }) => segmentOf(key))
  if (missing.length === 0) return []
  const segments = new TextDecoder()
    .decode(await results.get(name.segments))
    .trimEnd()
    .split('\n')
    .map(line => segmentSchema.parse(JSON.parse(line)))
  const read = async (segment: number) => {
    const { firstFrame, frames } = segments[segment]
    const fault = await results.getJson(name.missing(segment), faultRecord)
    return { segment, frames: { first: firstFrame, last: firstFrame + frames - 1 }, fault }
  }
  return Array.fromAsync(inOrder(missing, read))
}

/** The console's way to write a name into an address: encoded twice, with $ for %. */
const consoleName = (name: string) => encodeURIComponent(encodeURIComponent(name)).replaceAll('%', '$')

const streamAddress = (region: string, { group, stream }: LogEvent) =>
  `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${consoleName(group)}/log-events/${consoleName(stream)}`

/** @param stack its name where the commands that are told of need it */
export const logsLines = ({ id, state, console, events, failures }: Logs, stack = '') => [
  `${id}  ${state}`,
  `  ${console}`,
  ...events.map(
    ({ at, service, stage, segment, level, message }) =>
      `  ${at}  ${[service, stage, segment === undefined ? '' : `segment ${segment}`].filter(Boolean).join(' ')}  ${level}  ${message}`
  ),
  ...failures.flatMap(({ segment, frames, fault, log }) => [
    segment === undefined
      ? `  the job failed: ${fault.code}: ${fault.message}`
      : `  segment ${segment} was given up, so frames ${frames!.first} to ${frames!.last} are missing: ${fault.code}: ${fault.message}`,
    `    ${fault.next}`,
    ...(log === undefined ? [] : [`    log: ${log}`])
  ]),
  ...(failures.length > 0 ? [`  to do only what is missing: clipmill cloud retry ${id}${stack}`] : [])
]
