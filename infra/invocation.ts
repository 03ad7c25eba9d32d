import { Duration } from 'aws-cdk-lib'
import type * as batch from 'aws-cdk-lib/aws-batch'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks'
import type { Construct } from 'constructs'

/**
 * How long a GPU may take to be there: an instance has to be found and started, and others may be before. As long as
 * Lambda keeps an event.
 */
export const gpuStart = Duration.hours(6)

/** Who waited that long in vain would do so again. */
const notAgain: sfn.RetryProps = { errors: ['States.Timeout', 'States.HeartbeatTimeout'], maxAttempts: 0 }

type StateProps = Pick<sfn.TaskStateBaseProps, 'comment' | 'resultSelector' | 'resultPath' | 'outputPath'>

/**
 * Makes the state that has a function run on `payload`, within `seconds` of its own time, and that ends with its answer
 * or with what it threw.
 */
export type Invocation = (
  scope: Construct,
  id: string,
  call: { stage?: string; payload: Record<string, unknown>; seconds: number },
  props: StateProps
) => sfn.TaskStateBase

/** As a Lambda function that is waited for. */
export const byLambda =
  (lambdaFunction: lambda.IFunction): Invocation =>
  (scope, id, { payload, seconds }, props) =>
    new tasks.LambdaInvoke(scope, id, {
      lambdaFunction,
      payload: sfn.TaskInput.fromObject(payload),
      payloadResponseOnly: true,
      retryOnServiceExceptions: false,
      taskTimeout: sfn.Timeout.duration(Duration.seconds(seconds)),
      ...props
    })

/**
 * As a Lambda function on managed instances, which may take longer to start than a call can wait: it is given a token,
 * and tells by that how it ended (functions/cloud/token.ts). Signs of life count from the state's begin, so they are
 * waited for as long as a start may take.
 */
export const byToken =
  (lambdaFunction: lambda.IFunction): Invocation =>
  (scope, id, { payload, seconds }, props) =>
    new tasks.LambdaInvoke(scope, id, {
      lambdaFunction,
      integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      invocationType: tasks.LambdaInvocationType.EVENT,
      payload: sfn.TaskInput.fromObject({ ...payload, token: sfn.JsonPath.taskToken }),
      retryOnServiceExceptions: false,
      heartbeatTimeout: sfn.Timeout.duration(gpuStart),
      taskTimeout: sfn.Timeout.duration(gpuStart.plus(Duration.seconds(seconds))),
      ...props
    }).addRetry(notAgain)

/** As an AWS Batch job that is given a token, as by `byToken`. One whose execution was stopped ends itself at its next sign of life. */
export const byBatch =
  (queue: batch.IJobQueue, definition: batch.IJobDefinition): Invocation =>
  (scope, id, { payload, seconds }, props) =>
    new tasks.CallAwsService(scope, id, {
      service: 'batch',
      action: 'submitJob',
      integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      parameters: {
        JobName: payload.job,
        JobQueue: queue.jobQueueArn,
        JobDefinition: definition.jobDefinitionArn,
        ContainerOverrides: {
          // `--job … --stage … --token …`, which is what functions/infer/batch.ts reads.
          Command: sfn.JsonPath.array(
            'batch.mjs',
            ...Object.entries({ ...payload, token: sfn.JsonPath.taskToken }).flatMap(([name, value]) => [
              `--${name}`,
              sfn.JsonPath.format('{}', value)
            ])
          )
        },
        Timeout: { AttemptDurationSeconds: seconds }
      },
      iamResources: [queue.jobQueueArn, definition.jobDefinitionArn],
      heartbeatTimeout: sfn.Timeout.duration(gpuStart),
      taskTimeout: sfn.Timeout.duration(gpuStart.plus(Duration.seconds(seconds))),
      ...props
    }).addRetry(notAgain)
