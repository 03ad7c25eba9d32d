import { Duration } from 'aws-cdk-lib'
import type * as batch from 'aws-cdk-lib/aws-batch'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { allow } from './allow.ts'
import type { Architecture } from './assets/place.ts'
import { forADay } from './delivery.ts'
import type { LogProps } from './logged-role.ts'
import { anyMachine } from './gpu.ts'
import { nodeFunction } from './node-function.ts'

export interface BatchEndedProps extends LogProps {
  bundle: string
  architecture: Architecture
  queue: batch.IJobQueue
  deadLetters: sqs.IQueue
}

/** Tells the state that waits for a container of AWS Batch that this was lost, which the container itself cannot. */
export class BatchEnded extends Construct {
  readonly function: lambda.Function

  constructor(scope: Construct, id: string, { queue, deadLetters, ...props }: BatchEndedProps) {
    super(scope, id)
    this.function = nodeFunction(this, 'Function', {
      ...props,
      memorySize: 256,
      timeout: Duration.seconds(30),
      deadLetterQueue: deadLetters,
      environment: { POWERTOOLS_SERVICE_NAME: 'batch-ended' }
    })
    this.function.addToRolePolicy(allow(['states:SendTaskFailure'], [anyMachine(this)]))
    acknowledgeWildcards(this, 'Tokens come from any of the state machines', [anyMachine(this)])
    new events.Rule(this, 'Failed', {
      description: 'A job of the GPU queue failed',
      eventPattern: {
        source: ['aws.batch'],
        detailType: ['Batch Job State Change'],
        detail: { jobQueue: [queue.jobQueueArn], status: ['FAILED'] }
      }
    }).addTarget(new targets.LambdaFunction(this.function, { deadLetterQueue: deadLetters, ...forADay }))
  }
}
