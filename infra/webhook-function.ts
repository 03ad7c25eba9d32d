import { Duration } from 'aws-cdk-lib'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import * as secrets from 'aws-cdk-lib/aws-secretsmanager'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'
import type { Architecture } from './assets/place.ts'
import { forADay } from './delivery.ts'
import type { LogProps } from './logged-role.ts'
import { nodeFunction } from './node-function.ts'

export interface WebhookFunctionProps extends LogProps {
  url: string
  bus: events.IEventBus
  bundle: string
  architecture: Architecture
  deadLetters: sqs.IQueue
}

/** Posts what is announced, but for progress, to a webhook; signed with a secret that is made here. */
export class WebhookFunction extends Construct {
  readonly function: lambda.Function
  readonly rule: events.Rule
  readonly secret: secrets.Secret

  constructor(scope: Construct, id: string, props: WebhookFunctionProps) {
    super(scope, id)
    const { url, bus, deadLetters, ...function_ } = props
    this.secret = new secrets.Secret(this, 'Secret', {
      description: 'Signs what clipmill posts to its webhook',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
      removalPolicy: props.removalPolicy
    })
    acknowledge(this.secret, {
      'AwsSolutions-SMG4': 'Who receives has to learn a new secret first: it is changed by hand'
    })
    this.function = nodeFunction(this, 'Function', {
      ...function_,
      memorySize: 512,
      timeout: Duration.seconds(30),
      deadLetterQueue: deadLetters,
      environment: { CLIPMILL_WEBHOOK: url, CLIPMILL_WEBHOOK_SECRET: this.secret.secretArn }
    })
    this.function.addToRolePolicy(allow(['secretsmanager:GetSecretValue'], [this.secret.secretArn]))
    this.rule = new events.Rule(this, 'Announced', {
      description: 'Something was announced that the webhook is told of',
      eventBus: bus,
      eventPattern: { source: ['clipmill'], detailType: [{ 'anything-but': 'job.progress' }] as never }
    })
    this.rule.addTarget(
      new targets.LambdaFunction(this.function, {
        deadLetterQueue: deadLetters,
        ...forADay
      })
    )
  }
}
