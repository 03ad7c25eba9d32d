import { z } from 'zod'
import { faultRecord } from '../../events/announcement.ts'
import { Fault, type FaultRecord } from '../../events/faults.ts'
import type { Task } from '../../tasks/define.ts'
import { chain, stepOf } from '../chain.ts'

/** What Step Functions calls the ends of a step that none of our functions brought about, and which faults they are. */
export const platformErrors = new Map([
  ['States.Timeout', 'step-timeout'],
  // A container of which no sign of life came.
  ['States.HeartbeatTimeout', 'step-timeout'],
  ['Sandbox.Timedout', 'step-timeout'],
  ['Lambda.Unknown', 'worker-lost'],
  ['Runtime.ExitError', 'worker-lost'],
  ['Runtime.OutOfMemory', 'worker-lost'],
  ['Lambda.TooManyRequestsException', 'step-unavailable'],
  ['Lambda.ServiceException', 'step-unavailable'],
  ['Lambda.AWSLambdaException', 'step-unavailable'],
  ['Lambda.SdkClientException', 'step-unavailable'],
  ['Lambda.ClientExecutionTimeoutException', 'step-unavailable'],
  ['Batch.BatchException', 'step-unavailable'],
  ['Batch.ServerException', 'step-unavailable'],
  ['Batch.TooManyRequestsException', 'step-unavailable'],
  ['States.ItemReaderFailed', 'step-unavailable']
] as const)

/** What a state machine caught, under the name of the step; of a function that threw, `Cause` is JSON of Lambda's. */
const caught = z
  .record(z.string(), z.object({ Error: z.string(), Cause: z.string().default('') }))
  .refine(steps => Object.keys(steps).length > 0)

/** What `store` is told of: by the runner of one machine a fault, by a state machine what it caught. */
export const failure = z.union([faultRecord, caught])
export type Failure = z.infer<typeof failure>

/**
 * Whatever a function threw, as it must leave a Lambda function: that reports name, message and stack alone, so the
 * message is the fault's record.
 */
export const lambdaError = (thrown: unknown): Error => {
  const fault = Fault.of(thrown)
  const error = new Error(JSON.stringify(fault))
  return Object.assign(error, { name: fault.code, stack: fault.stack })
}

/** The fault that `failure` tells of; what no fault explains is a bug of ours. */
export const failureOf = (failure: Failure, task: Task): FaultRecord => {
  if (isRecord(failure)) return failure
  const [[step, { Error: error, Cause: cause }]] = Object.entries(failure)
  const message = jsonOf(z.object({ errorMessage: z.string() }), cause)?.errorMessage ?? cause
  const thrown = jsonOf(faultRecord, message)
  if (thrown) return thrown

  const reason = [error, message].filter(Boolean).join(': ')
  const code = (platformErrors as Map<string, PlatformFault>).get(error)
  switch (code) {
    case 'step-timeout':
      return new Fault(code, { step, seconds: secondsOf(task, step) }).toJSON()
    case undefined:
      return new Fault('internal-error', { reason: `${step}: ${reason}` }).toJSON()
    default:
      return new Fault(code, { step, reason }).toJSON()
  }
}

type PlatformFault = typeof platformErrors extends Map<string, infer Code> ? Code : never

const isRecord = (failure: Failure): failure is FaultRecord => typeof failure.code === 'string'

const jsonOf = <T>(schema: z.ZodType<T>, text: string): T | undefined => {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const secondsOf = (task: Task, step: string) =>
  chain(task)
    .flatMap(each => (each.kind === 'each' ? each.calls : each.call))
    .find(call => stepOf(call) === step)!.timeoutSeconds
