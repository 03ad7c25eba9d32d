import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as secrets from 'aws-cdk-lib/aws-secretsmanager'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { allow } from './allow.ts'
import type { Architecture } from './assets/place.ts'
import { forADay } from './delivery.ts'
import { lambdaArchitecture } from './shared-layers.ts'

export interface WebhookFunctionProps {
  url: string
  bus: events.IEventBus
  bundle: string
  architecture: Architecture
  deadLetters: sqs.IQueue
  logRetention: logs.RetentionDays
  removalPolicy: RemovalPolicy
}

/** Posts what is announced, but for progress, to a webhook; signed with a secret that is made here. */
export class WebhookFunction extends Construct {
  readonly function: lambda.Function
  readonly rule: events.Rule
  readonly secret: secrets.Secret

  constructor(scope: Construct, id: string, props: WebhookFunctionProps) {
    super(scope, id)
    const { url, bus, deadLetters, removalPolicy } = props
    this.secret = new secrets.Secret(this, 'Secret', {
      description: 'Signs what clipmill posts to its webhook',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
      removalPolicy
    })
    acknowledge(this.secret, {
      'AwsSolutions-SMG4': 'Who receives has to learn a new secret first: it is changed by hand'
    })
    acknowledgeWildcards(this, 'X-Ray cannot be confined to resources')
    const logGroup = new logs.LogGroup(this, 'Log', { retention: props.logRetention, removalPolicy })
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com')
    })
    role.addToPolicy(allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]))
    role.addToPolicy(allow(['secretsmanager:GetSecretValue'], [this.secret.secretArn]))
    this.function = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambdaArchitecture[props.architecture],
      code: lambda.Code.fromAsset(props.bundle),
      handler: 'index.handler',
      memorySize: 512,
      timeout: Duration.seconds(30),
      tracing: lambda.Tracing.ACTIVE,
      deadLetterQueue: deadLetters,
      role,
      logGroup,
      environment: { CLIPMILL_WEBHOOK: url, CLIPMILL_WEBHOOK_SECRET: this.secret.secretArn }
    })
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
