import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as events from 'aws-cdk-lib/aws-events'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { scratchSizes, type CostBasis } from '../functions/cost/basis.ts'
import { longest } from '../functions/chain.ts'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { allow, inferRights, onlyBelow, put } from './allow.ts'
import type { Assets } from './assets/assets.ts'
import type { Architecture } from './assets/place.ts'
import type { LogProps } from './logged-role.ts'
import { nodeFunction, type NodeFunctionProps } from './node-function.ts'
import type { SharedLayers } from './shared-layers.ts'

export interface ChainFunctionsProps extends LogProps {
  functions: Assets['functions']
  layers: SharedLayers
  architecture: Architecture
  uploads: s3.IBucket
  results: s3.IBucket
  bus: events.IEventBus
  /** In which `decode` runs: a network from which nothing but S3 can be reached. */
  decodeNetwork: { vpc: ec2.IVpc; vpcSubnets: ec2.SubnetSelection; securityGroups: ec2.ISecurityGroup[] }
  /** Says, among other things, how much memory each function has. */
  costs: CostBasis
  /** Frames that a clip may have, and dollars that a job may be expected to cost. */
  limits: { maxFrames?: number; maxCost?: number }
}

type Name = Exclude<keyof Assets['functions'], 'webhook' | 'batch-ended'>

/**
 * The functions of the chain: one role each, with the rights of docs/security.md and no more. `infer` is one function a
 * task, since each needs the models of its task alone.
 */
export class ChainFunctions extends Construct {
  readonly intake: lambda.Function
  readonly plan: lambda.Function
  readonly decode: lambda.Function
  readonly render: lambda.Function
  readonly store: lambda.Function
  /** By task. */
  readonly infer: Record<string, lambda.Function>
  readonly all: lambda.Function[] = []

  constructor(scope: Construct, id: string, props: ChainFunctionsProps) {
    super(scope, id)
    const { layers, uploads, results, bus } = props
    const media = { layers: [layers.media] }
    const costs = { CLIPMILL_COST: JSON.stringify(props.costs) }
    const models = { CLIPMILL_MODELS: '/var/task/models' }
    const busName = { CLIPMILL_BUS: bus.eventBusName }

    this.intake = this.make('intake', 'intake', props, {
      timeout: Duration.seconds(60),
      environment: { ...models, ...busName }
    })
    this.plan = this.make('plan', 'plan', props, {
      ...media,
      environment: {
        ...busName,
        ...costs,
        ...defined({ CLIPMILL_MAX_FRAMES: props.limits.maxFrames, CLIPMILL_MAX_COST: props.limits.maxCost })
      }
    })
    // No bus from there: its progress is not told.
    this.decode = this.make('decode', 'decode', props, { ...media, ...props.decodeNetwork })
    this.render = this.make('render', 'render', props, { ...media, environment: busName })
    this.store = this.make('store', 'store', props, {
      ...media,
      environment: { ...models, ...busName, ...costs }
    })
    this.infer = Object.fromEntries(
      Object.entries(layers.models).map(([task, models]) => [
        task,
        this.make('infer', `infer-${task}`, props, {
          layers: [layers.inference, models],
          // What a run has freed goes back at once: several graphs keep half as much, as on one machine.
          environment: { ...busName, MALLOC_TRIM_THRESHOLD_: '65536' }
        })
      ])
    )

    acknowledgeWildcards(this, 'Any upload; below a prefix, or of `store` all, results', [
      uploads.arnForObjects('*'),
      ...['jobs/*', 'models/*', 'refused/*', '*'].map(key => results.arnForObjects(key))
    ])
    acknowledge(this, {
      'Serverless-LambdaDLQ':
        'State machines wait for these functions, or a queue does for intake, and see their failures themselves'
    })

    const work = results.arnForObjects('jobs/*')
    const read = ['s3:GetObject', 's3:GetObjectVersion']
    const clip = allow(read, [uploads.arnForObjects('*')])
    const inWork = allow(['s3:GetObject', ...put], [work])
    const listWork = allow(['s3:ListBucket'], [results.bucketArn], onlyBelow('jobs/'))
    const give = (to: lambda.Function[], ...statements: iam.PolicyStatement[]) => {
      for (const one of to) for (const statement of statements) one.addToRolePolicy(statement.copy())
    }
    // Without the right to list, S3 answers 403 for what is not there.
    give(
      [this.intake],
      clip,
      allow(['s3:ListBucket'], [uploads.bucketArn]),
      inWork,
      listWork,
      allow(['s3:PutObject'], [results.arnForObjects('refused/*')])
    )
    give([this.plan, this.decode], clip, inWork, listWork)
    give([this.render], inWork, listWork)
    give(Object.values(this.infer), ...inferRights(results, bus))
    give(
      [this.store],
      allow(['s3:GetObject', ...put], [results.arnForObjects('*')]),
      allow(['s3:ListBucket'], [results.bucketArn])
    )
    give([this.intake, this.plan, this.render, this.store], allow(['events:PutEvents'], [bus.eventBusArn]))
    for (const bucket of [uploads, results])
      if (bucket.encryptionKey) for (const one of this.all) bucket.encryptionKey.grantEncryptDecrypt(one)
  }

  private make(
    name: Name,
    id: string,
    { functions, costs, uploads, results, ...props }: ChainFunctionsProps,
    more: Partial<NodeFunctionProps>
  ) {
    const { architecture, logGroup, logRetention, removalPolicy } = props
    const made = nodeFunction(this, id, {
      bundle: functions[name],
      architecture,
      logGroup,
      logRetention,
      removalPolicy,
      ...(name === 'intake'
        ? { memorySize: 512 }
        : { memorySize: costs.memory[name], ephemeralStorageSize: Size.mebibytes(scratchSizes[name]) }),
      timeout: Duration.seconds(longest),
      // Jobs that run end on the code on which they began.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      ...more,
      environment: {
        CLIPMILL_UPLOADS: uploads.bucketName,
        CLIPMILL_RESULTS: results.bucketName,
        CLIPMILL_SCRATCH: '/tmp',
        POWERTOOLS_SERVICE_NAME: id,
        POWERTOOLS_METRICS_NAMESPACE: 'clipmill',
        ...more.environment
      }
    })
    if (more.vpc) made.addToRolePolicy(allow(networkInterfaces, ['*']))
    this.all.push(made)
    return made
  }
}

/** What Lambda does, in the function's name, to put it into a network; it cannot be confined to resources. */
const networkInterfaces = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses'
]

/** Environment variables of what is given. */
const defined = (values: Record<string, number | undefined>) =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  )
