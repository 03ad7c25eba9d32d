import { Duration } from 'aws-cdk-lib'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'
import { forADay } from './delivery.ts'

/** How long intake tries an upload, and how long it waits between two tries: six time limits of it, as Lambda asks for. */
const [tried, pause] = [Duration.hours(12), Duration.minutes(6)]

/**
 * An upload that is this old waits too long: it was tried twice. It has to be less than two pauses, since the metric of the
 * oldest message leaves out what was received three times.
 */
export const waitsLong = Duration.seconds(1.5 * pause.toSeconds())

export interface UploadQueueProps {
  eventPattern: events.EventPattern
  intake: lambda.Function
  /** Where events end that cannot be delivered for a day, or dealt with for half a day. */
  deadLetters: sqs.IQueue
}

/** News of uploads wait here for intake, one by one, through hours in which S3 or Step Functions are away. */
export class UploadQueue extends Construct {
  readonly queue: sqs.Queue

  constructor(scope: Construct, id: string, { eventPattern, intake, deadLetters }: UploadQueueProps) {
    super(scope, id)
    this.queue = new sqs.Queue(this, 'Queue', {
      enforceSSL: true,
      // A key of your own would have to let EventBridge in.
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      visibilityTimeout: pause,
      deadLetterQueue: {
        queue: deadLetters,
        maxReceiveCount: tried.toMinutes() / pause.toMinutes()
      }
    })
    new events.Rule(this, 'Uploaded', {
      description: 'A clip or a ticket was uploaded',
      eventPattern
    }).addTarget(new targets.SqsQueue(this.queue, { deadLetterQueue: deadLetters, ...forADay }))
    const { queueArn } = this.queue
    intake.addToRolePolicy(
      allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queueArn])
    )
    // One at a time, so that an upload that fails holds up no other.
    intake.addEventSourceMapping('Uploads', { eventSourceArn: queueArn, batchSize: 1 })
    acknowledge(intake, {
      'Serverless-LambdaEventSourceMappingDestination':
        'The queue hands what fails to the dead letters itself'
    })
  }
}
