import { ArnFormat, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { faults } from '../events/faults.ts'
import { chain, ending, retry, segmentFaults, stepOf, type Call, type Step } from '../functions/chain.ts'
import { keys } from '../functions/shared/keys.ts'
import { platformErrors } from '../functions/store/failure.ts'
import type { Task } from '../tasks/define.ts'
import { acknowledgeWildcards } from './acknowledge.ts'
import type { Invocation } from './invocation.ts'

export interface TaskPipelineProps {
  task: Task
  /** How each function is run. */
  invocations: Record<Call['function'], Invocation>
  /** Holds the work in progress, of which the list of segments is read. */
  results: s3.IBucket
  /** Segments of one job that are worked on at a time. */
  maxParallel: number
  /** How long its log stays. @default one month */
  logRetention?: logs.RetentionDays
  /** Used instead of one that is made for it. */
  logGroup?: logs.ILogGroup
}

const { DISCARD } = sfn.JsonPath
const job = sfn.JsonPath.stringAt('$.job')

/** Never was our code run, so this counts as no attempt: while the account's functions are busy, a job waits its turn. */
const throttled: sfn.RetryProps = {
  errors: ['Lambda.TooManyRequestsException'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.minutes(2),
  maxAttempts: 60,
  jitterStrategy: sfn.JitterType.FULL
}

/** What may go well another time, by the table of faults; as the runner of one machine tries again. */
const again: sfn.RetryProps = {
  errors: [
    ...Object.entries(faults).flatMap(([code, kind]) => (kind.retry === 'now' ? code : [])),
    ...platformErrors.keys()
  ].filter(error => !throttled.errors!.includes(error)),
  interval: Duration.seconds(retry.firstDelaySeconds),
  backoffRate: retry.backoffRate,
  maxDelay: Duration.seconds(retry.maxDelaySeconds),
  maxAttempts: retry.attempts - 1
}

/** Errors for which one segment is given up. */
const ofOneSegment = [
  ...segmentFaults,
  ...[...platformErrors].flatMap(([error, code]) => (segmentFaults.includes(code) ? error : []))
]

/** What is caught of a step is kept under the step's name, so that `store` knows where it happened. */
const caughtAt = (step: string) => ({ resultPath: `$.failure.${step}` })

const sequence = ([first, ...rest]: sfn.IChainable[]) =>
  rest.reduce((before, next) => sfn.Chain.start(before).next(next), first)

const title = (name: string) => name[0].toUpperCase() + name.slice(1)

/**
 * One task's chain as a Step Functions state machine. Its input is `{ "job": id }`; all else is read from storage. It
 * succeeds where the job has results, of all frames or a part of them, and fails where `error.json` says why there are none.
 */
export class TaskPipeline extends Construct {
  readonly stateMachine: sfn.StateMachine

  constructor(scope: Construct, id: string, props: TaskPipelineProps) {
    super(scope, id)
    const { task, invocations, results, maxParallel } = props

    /** Runs a function with the job's id and, as `more`, which part of it. */
    const invoke = (
      name: string,
      { function: function_, stage, timeoutSeconds: seconds }: Call,
      more: object = {},
      props: Parameters<Invocation>[3] = {}
    ) => {
      const payload = { job, ...(stage && { stage }), ...more }
      return invocations[function_](
        this,
        name,
        { stage, payload, seconds },
        { resultPath: DISCARD, ...props }
      )
        .addRetry(again)
        .addRetry(throttled)
    }

    const steps = chain(task)

    /** Tells `store` what ended the job, and ends in failure; `of` says where. */
    const failing = (of = '') => {
      const stop = new sfn.Fail(this, `Failed${of}`, {
        errorPath: '$.fault.Error',
        causePath: '$.fault.Cause'
      })
      const told = invoke(
        `Tell of the failure${of}`,
        ending,
        { failure: sfn.JsonPath.objectAt('$.failure') },
        {
          comment: 'Leaves error.json in place of the results, and announces the failure',
          resultSelector: {
            Error: sfn.JsonPath.stringAt('$.code'),
            Cause: sfn.JsonPath.stringAt('$.message')
          },
          resultPath: '$.fault'
        }
      )
      told.next(stop)
      return { told, stop }
    }
    const { told: failed, stop } = failing()

    const once = (call: Call) => invoke(title(stepOf(call)), call).addCatch(failed, caughtAt(stepOf(call)))

    /** Again, while it says that it stopped ahead of its time limit. */
    const repeated = (call: Call) => {
      const name = title(stepOf(call))
      const invoked = invoke(
        name,
        call,
        {},
        { resultSelector: { done: sfn.JsonPath.objectAt('$.done') }, resultPath: '$.answer' }
      ).addCatch(failed, caughtAt(stepOf(call)))
      const choice = new sfn.Choice(this, `${name}: done?`)
      // Taken before the way back is added, which would else count as an end of its own.
      const end = choice.afterwards({ includeOtherwise: true })
      choice.when(sfn.Condition.booleanEquals('$.answer.done', false), invoked)
      return invoked.next(end)
    }

    /** One after the other, for every segment; what the executions of a map answer is gathered, so it is next to nothing. */
    const eachSegment = (calls: Call[]) => {
      const names = calls.map(stepOf).join(', ')
      const segment = sfn.JsonPath.numberAt('$.segment')
      const { told: segmentFailed } = failing(`: ${names}`)
      const givenUp = invoke(
        `Give up: ${names}`,
        ending,
        { segment, failure: sfn.JsonPath.objectAt('$.failure') },
        {
          comment: 'Notes that the segment is missing, and why; the job goes on without it',
          outputPath: DISCARD
        }
      ).addCatch(segmentFailed, caughtAt('store'))
      const one = calls.map((call, i) =>
        invoke(title(stepOf(call)), call, { segment }, i === calls.length - 1 ? { outputPath: DISCARD } : {})
          .addCatch(givenUp, { errors: ofOneSegment, ...caughtAt(stepOf(call)) })
          .addCatch(segmentFailed, caughtAt(stepOf(call)))
      )
      return (
        new sfn.DistributedMap(this, `Segments: ${names}`, {
          itemReader: new sfn.S3JsonLItemReader({
            bucket: results,
            key: sfn.JsonPath.format(keys('{}').segments, job)
          }),
          itemSelector: { job, segment: sfn.JsonPath.numberAt('$$.Map.Item.Value.index') },
          maxConcurrency: maxParallel,
          mapExecutionType: sfn.StateMachineType.STANDARD,
          resultPath: DISCARD
        })
          .itemProcessor(sequence(one))
          .addRetry(again)
          // A segment that failed has told of it already; the map itself knows no more than that one did.
          .addCatch(stop, { errors: ['States.ExceedToleratedFailureThreshold'], resultPath: '$.fault' })
          .addCatch(failed, caughtAt('segments'))
      )
    }

    const stateOf = (step: Step) =>
      step.kind === 'each'
        ? eachSegment(step.calls)
        : step.kind === 'call'
          ? once(step.call)
          : repeated(step.call)
    this.stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      comment: `${task.name}: ${task.summary}`,
      definitionBody: sfn.DefinitionBody.fromChainable(sequence(steps.map(stateOf))),
      tracingEnabled: true,
      logs: {
        destination: props.logGroup ?? this.makeLogGroup(props.logRetention),
        level: sfn.LogLevel.ALL
      }
    })
    const { stateMachine } = this
    acknowledgeWildcards(stateMachine, 'X-Ray and the delivery of logs cannot be confined to resources', [
      '*'
    ])
    acknowledgeWildcards(stateMachine, 'The list of segments of any job', [
      // As the CDK's reader writes it.
      Stack.of(this).formatArn({
        service: 's3',
        region: '',
        account: '',
        resource: results.bucketName,
        resourceName: '*'
      })
    ])
    acknowledgeWildcards(
      stateMachine,
      'The executions of its own map',
      [':*', '/*:*'].map(executions => executionsOf(stateMachine, executions))
    )
  }

  private makeLogGroup(retention = logs.RetentionDays.ONE_MONTH) {
    return new logs.LogGroup(this, 'Log', {
      // Under this prefix log groups don't add to a policy of limited length that all state machines share.
      logGroupName: `/aws/vendedlogs/states/${Names.uniqueResourceName(this, {})}`,
      retention,
      // Its name would be in the way of the next stack.
      removalPolicy: RemovalPolicy.DESTROY
    })
  }
}

/** ARN of the executions of a state machine. @param which what follows its name */
const executionsOf = (machine: sfn.StateMachine, which: string) => {
  const stack = Stack.of(machine)
  const arnFormat = ArnFormat.COLON_RESOURCE_NAME
  const { resourceName } = stack.splitArn(machine.stateMachineArn, arnFormat)
  return stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${resourceName}${which}`,
    arnFormat
  })
}
