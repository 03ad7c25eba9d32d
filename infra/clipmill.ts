import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as events from 'aws-cdk-lib/aws-events'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { z } from 'zod'
import { runsModel } from '../functions/chain.ts'
import { costBasisOf, usualParallel, type Compute, type SizeClass } from '../functions/cost/basis.ts'
import { taskNamed } from '../tasks/index.ts'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { allow } from './allow.ts'
import { AnnouncementSchema } from './announcement-schema.ts'
import { assetsRequestOf, makeAssets } from './assets/assets.ts'
import type { Architecture } from './assets/place.ts'
import { ChainFunctions } from './chain-functions.ts'
import { ClipBuckets } from './clip-buckets.ts'
import { DecodeNetwork } from './decode-network.ts'
import { GpuBatch, type GpuBatchProps } from './gpu-batch.ts'
import { GpuLambda } from './gpu-lambda.ts'
import { GpuNetwork } from './gpu.ts'
import { byLambda, type Invocation } from './invocation.ts'
import type { LogProps } from './logged-role.ts'
import { MalwareGate } from './malware-gate.ts'
import { checkOptions, options } from './options.ts'
import { Observability } from './observability.ts'
import { SharedLayers } from './shared-layers.ts'
import { TaskPipeline } from './task-pipeline.ts'
import { UploadQueue } from './upload-queue.ts'
import { WebhookFunction } from './webhook-function.ts'

export interface ClipmillProps {
  /** What becomes of the buckets and logs when the stack goes. @default keep */
  retention?: 'keep' | 'destroy'
  /** Which tasks there are. @default those whose models come with the package */
  tasks?: string[]
  /** Where each task's models run. @default lambda */
  compute?: Record<string, Compute>
  /** How much memory, and with it how much processor, functions have. @default medium */
  size?: SizeClass
  /** @default arm64, which is a fifth cheaper */
  architecture?: Architecture
  /** Weights that jobs may name besides those of the tasks' defaults, as `clipmill models ls` names them. @default none */
  models?: string[]
  /** Segments of one job that are worked on at a time. @default 40 */
  maxParallel?: number
  /** How long a job's work in progress stays, days. @default 7 */
  workDays?: number
  /** How long logs stay, where their groups are made here. @default one month */
  logRetention?: logs.RetentionDays
  /** Mail address that alarms go to. @default none */
  alarmAddress?: string
  /** Dollars a month of the account, above which `alarmAddress` is told. @default none */
  monthlyBudget?: number
  /** Dollars a day of the account, above which `alarmAddress` is told. @default none */
  dailyBudget?: number
  /** Address that announcements are posted to, signed. @default none */
  webhook?: string
  /** Whether jobs wait until GuardDuty has found no malware in the upload; it is charged by the gigabyte. @default false */
  malwareGate?: boolean
  /** Frames that a clip may have at most. @default as on one machine */
  maxFrames?: number
  /** Dollars that a job may be expected to cost at most. @default no limit */
  maxCost?: number

  // What is handed in is used as it is, neither made nor changed.
  /**
   * Has to tell EventBridge of new objects, and to keep versions. Whether it does is seen only of versions, and only where
   * the same app makes the bucket.
   */
  uploads?: s3.IBucket
  results?: s3.IBucket
  /** Encrypts the buckets that are made here. @default keys of AWS */
  key?: kms.IKey
  /** In which clips are decoded: needs subnets with a gateway endpoint for S3, and should have no other way out. */
  decodeVpc?: ec2.IVpc
  /** In which GPU instances are. */
  gpuVpc?: ec2.IVpc
  bus?: events.IEventBus
  /** In which all log: functions, state machines and GPU containers. @default a group for each */
  logGroup?: logs.ILogGroup
  permissionsBoundary?: iam.IManagedPolicy
}

/**
 * All of clipmill: a clip that lands in `uploads` is processed, and what comes of it lands in `results`. Costs nothing
 * while idle but what lies in the buckets, as long as the account's free alarms and dashboards are not taken.
 */
export class Clipmill extends Construct {
  readonly uploads: s3.IBucket
  readonly results: s3.IBucket
  readonly bus: events.IEventBus
  /** By task. */
  readonly machines: Record<string, sfn.StateMachine>
  readonly functions: ChainFunctions
  /** The one that was handed in. */
  readonly logGroup: logs.ILogGroup | undefined

  private gpu?: GpuLambda
  private batch?: GpuBatch

  /** @throws Fault deployment-invalid */
  constructor(scope: Construct, id: string, props: ClipmillProps = {}) {
    super(scope, id)
    checkProps(props)
    const {
      retention = 'keep',
      compute = {},
      size = 'medium',
      maxParallel = usualParallel,
      logRetention = logs.RetentionDays.ONE_MONTH,
      key: encryptionKey
    } = props
    if (props.permissionsBoundary) iam.PermissionsBoundary.of(this).apply(props.permissionsBoundary)
    const logging: LogProps = {
      logGroup: props.logGroup,
      logRetention,
      removalPolicy: retention === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    }
    const request = assetsRequestOf(props)
    const { architecture, tasks } = request
    const assets = makeAssets(request)

    this.logGroup = props.logGroup
    const { uploads, results } = new ClipBuckets(this, 'Buckets', {
      ...props,
      retention,
      encryptionKey
    })
    this.uploads = uploads
    this.results = results
    this.bus = props.bus ?? new events.EventBus(this, 'Bus')
    new AnnouncementSchema(this, 'Schema')
    const deadLetters = new sqs.Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // A key of your own would have to let EventBridge in.
      encryption: sqs.QueueEncryption.SQS_MANAGED
    })

    acknowledge(deadLetters, {
      'Serverless-SQSRedrivePolicy': 'It is where undeliverable events end'
    })
    this.functions = new ChainFunctions(this, 'Functions', {
      functions: assets.functions,
      layers: new SharedLayers(this, 'Layers', { layers: assets.layers, architecture }),
      architecture,
      uploads,
      results,
      bus: this.bus,
      decodeNetwork: new DecodeNetwork(this, 'DecodeNetwork', {
        vpc: props.decodeVpc,
        buckets: [uploads, results]
      }),
      ...logging,
      costs: costBasisOf({ size, architecture, compute }),
      limits: { maxFrames: props.maxFrames, maxCost: props.maxCost }
    })

    const gpuOf = this.gpus({
      container: assets.container,
      gpuVpc: props.gpuVpc,
      ended: { bundle: assets.functions['batch-ended'], architecture, deadLetters },
      ...logging
    })
    const { plan, decode, render, store, infer } = this.functions
    this.machines = Object.fromEntries(
      tasks.map(task => {
        const where = compute[task] ?? 'lambda'
        const onCpu = byLambda(infer[task].currentVersion)
        const onGpu = where === 'lambda' ? onCpu : gpuOf(where)
        const invocations = {
          plan: byLambda(plan.currentVersion),
          decode: byLambda(decode.currentVersion),
          infer: ((scope, id, call, state) =>
            (runsModel(taskNamed(task), call.stage) ? onGpu : onCpu)(scope, id, call, state)) as Invocation,
          render: byLambda(render.currentVersion),
          store: byLambda(store.currentVersion)
        }
        const pipeline = new TaskPipeline(this, task, {
          task: taskNamed(task),
          invocations,
          results,
          maxParallel,
          ...logging
        })
        // Executions of before a deployment go on with the versions that they know.
        const versions = [plan, decode, infer[task], render, store].map(
          ({ functionArn }) => `${functionArn}:*`
        )
        pipeline.stateMachine.addToRolePolicy(allow(['lambda:InvokeFunction'], versions))
        acknowledgeWildcards(pipeline, 'Any version of these functions', versions)
        return [task, pipeline.stateMachine]
      })
    )
    for (const machine of Object.values(this.machines)) {
      machine.grantStartExecution(this.functions.intake)
      results.encryptionKey?.grantDecrypt(machine)
    }
    this.functions.intake.addEnvironment(
      'CLIPMILL_MACHINES',
      Stack.of(this).toJsonString(
        Object.fromEntries(
          Object.entries(this.machines).map(([task, machine]) => [task, machine.stateMachineArn])
        )
      )
    )

    const { queue } = new UploadQueue(this, 'Uploads', {
      eventPattern: this.uploaded(props.malwareGate ?? false, tasks),
      intake: this.functions.intake,
      deadLetters
    })
    const webhook =
      props.webhook === undefined
        ? undefined
        : new WebhookFunction(this, 'Webhook', {
            url: props.webhook,
            bus: this.bus,
            deadLetters,
            bundle: assets.functions.webhook,
            architecture,
            ...logging
          })
    new Observability(this, 'Observability', {
      ...props,
      functions: this.functions,
      others: [webhook?.function, this.batch?.ended.function].filter(one => one !== undefined),
      machines: this.machines,
      uploads: queue,
      deadLetters,
      gpu: this.gpu?.function,
      blocked: this.batch?.blocked
    })
  }

  /** GPU containers, made when the first task wants one. */
  private gpus(
    props: Omit<GpuBatchProps, 'network' | 'uploads' | 'results' | 'bus'> & { gpuVpc?: ec2.IVpc }
  ) {
    const { uploads, results, bus } = this
    let network: GpuNetwork | undefined
    return (where: 'gpu' | 'batch'): Invocation => {
      network ??= new GpuNetwork(this, 'GpuNetwork', { vpc: props.gpuVpc })
      const all = { ...props, network, uploads, results, bus }
      return where === 'gpu'
        ? (this.gpu ??= new GpuLambda(this, 'Gpu', all)).invocation
        : (this.batch ??= new GpuBatch(this, 'Batch', all)).invocation
    }
  }

  /** What tells of uploads that can be clips or tickets. */
  private uploaded(malwareGate: boolean, tasks: string[]): events.EventPattern {
    const key = [
      ...tasks.map(task => ({ prefix: `${task}/` })),
      // A ticket lies anywhere.
      { suffix: '.job.json' }
    ]
    return malwareGate
      ? new MalwareGate(this, 'MalwareGate', { uploads: this.uploads }).patternOf(key)
      : {
          source: ['aws.s3'],
          detailType: ['Object Created'],
          detail: { bucket: { name: [this.uploads.bucketName] }, object: { key } }
        }
  }
}

/** What is handed in, rather than told; the CDK's types look after it. */
const handedIn = [
  'uploads',
  'results',
  'key',
  'decodeVpc',
  'gpuVpc',
  'bus',
  'logGroup',
  'permissionsBoundary'
]
const properties = options
  .partial({ retention: true })
  .extend(Object.fromEntries(handedIn.map(name => [name, z.unknown().optional()])))

const checkProps = (props: ClipmillProps) => {
  const versioned = !(props.uploads instanceof s3.Bucket) || keepsVersions(props.uploads)
  checkOptions(
    properties,
    props,
    versioned
      ? []
      : ['uploads: the bucket has to keep versions, so that a job reads the clip it was made for']
  )
}

const keepsVersions = ({ node, stack }: s3.Bucket) => {
  const { versioningConfiguration } = node.defaultChild as s3.CfnBucket
  const resolved = stack.resolve(versioningConfiguration) as { status?: string } | undefined
  return resolved?.status === 'Enabled'
}
