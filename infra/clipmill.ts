import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as events from 'aws-cdk-lib/aws-events'
import * as targets from 'aws-cdk-lib/aws-events-targets'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { runsModel } from '../functions/chain.ts'
import { costBasisOf, usualParallel, type Compute, type SizeClass } from '../functions/cost/basis.ts'
import { taskNamed, tasks as allTasks } from '../tasks/index.ts'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'
import { AnnouncementSchema } from './announcement-schema.ts'
import { makeAssets } from './assets/assets.ts'
import type { Architecture } from './assets/place.ts'
import { ChainFunctions } from './chain-functions.ts'
import { ClipBuckets } from './clip-buckets.ts'
import { forADay } from './delivery.ts'
import { DecodeNetwork } from './decode-network.ts'
import { GpuBatch } from './gpu-batch.ts'
import { GpuLambda } from './gpu-lambda.ts'
import { GpuNetwork, type GpuProps } from './gpu.ts'
import { byLambda, type Invocation } from './invocation.ts'
import { MalwareGate } from './malware-gate.ts'
import { Observability } from './observability.ts'
import { SharedLayers } from './shared-layers.ts'
import { TaskPipeline } from './task-pipeline.ts'
import { WebhookFunction } from './webhook-function.ts'

export interface ClipmillProps {
  /** What becomes of the buckets and logs when the stack goes. @default keep */
  retention?: 'keep' | 'destroy'
  /** Which tasks there are. @default all */
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
  /** How long logs stay. @default one month */
  logRetention?: logs.RetentionDays
  /** Mail address that alarms go to. @default none */
  alarmAddress?: string
  /** Dollars a month of the account, above which `alarmAddress` is told. @default none */
  monthlyBudget?: number
  /** Address that announcements are posted to, signed. @default none */
  webhook?: string
  /** Whether jobs wait until GuardDuty has found no malware in the upload; it is charged by the gigabyte. @default false */
  malwareGate?: boolean
  /** Frames that a clip may have at most. @default as on one machine */
  maxFrames?: number
  /** Dollars that a job may be expected to cost at most. @default no limit */
  maxCost?: number

  // What is handed in is used as it is, neither made nor changed.
  /** Has to tell EventBridge of new objects, and to keep versions. */
  uploads?: s3.IBucket
  results?: s3.IBucket
  /** Encrypts the buckets that are made here. @default keys of AWS */
  key?: kms.IKey
  /** In which clips are decoded: needs subnets with a gateway endpoint for S3, and should have no other way out. */
  decodeVpc?: ec2.IVpc
  /** In which GPU instances are. */
  gpuVpc?: ec2.IVpc
  bus?: events.IEventBus
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

  constructor(scope: Construct, id: string, props: ClipmillProps = {}) {
    super(scope, id)
    const {
      retention = 'keep',
      tasks = Object.keys(allTasks),
      compute = {},
      size = 'medium',
      architecture = 'arm64',
      maxParallel = usualParallel,
      logRetention = logs.RetentionDays.ONE_MONTH,
      key: encryptionKey
    } = props
    if (props.permissionsBoundary) iam.PermissionsBoundary.of(this).apply(props.permissionsBoundary)
    const removalPolicy = retention === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    const assets = makeAssets({ architecture, tasks, models: props.models ?? [] })

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
      deadLetters,
      decodeNetwork: new DecodeNetwork(this, 'DecodeNetwork', {
        vpc: props.decodeVpc,
        buckets: [uploads, results]
      }),
      logRetention,
      removalPolicy,
      costs: costBasisOf({ size, architecture, compute }),
      limits: { maxFrames: props.maxFrames, maxCost: props.maxCost }
    })

    const gpuOf = this.gpus({ container: assets.container, ...props, logRetention, removalPolicy })
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
          logRetention
        })
        // Executions of before a deployment go on with the versions that they know.
        pipeline.stateMachine.addToRolePolicy(
          allow(
            ['lambda:InvokeFunction'],
            [plan, decode, infer[task], render, store].map(({ functionArn }) => `${functionArn}:*`)
          )
        )
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

    const uploaded = this.startJobs(props.malwareGate ?? false, tasks, deadLetters)
    const webhook =
      props.webhook === undefined
        ? undefined
        : new WebhookFunction(this, 'Webhook', {
            url: props.webhook,
            bus: this.bus,
            deadLetters,
            bundle: assets.functions.webhook,
            architecture,
            logRetention,
            removalPolicy
          })
    new Observability(this, 'Observability', {
      ...props,
      functions: [...this.functions.all, ...(webhook ? [webhook.function] : [])],
      machines: this.machines,
      rule: uploaded,
      deadLetters
    })
  }

  /** GPU containers, made when the first task wants one. */
  private gpus(props: Omit<GpuProps, 'network' | 'uploads' | 'results' | 'bus'> & { gpuVpc?: ec2.IVpc }) {
    const { uploads, results, bus } = this
    let network: GpuNetwork | undefined
    const made: Partial<Record<Compute, Invocation>> = {}
    return (where: 'gpu' | 'batch'): Invocation => {
      network ??= new GpuNetwork(this, 'GpuNetwork', { vpc: props.gpuVpc })
      const all = { ...props, network, uploads, results, bus }
      return (made[where] ??=
        where === 'gpu'
          ? new GpuLambda(this, 'Gpu', all).invocation
          : new GpuBatch(this, 'Batch', all).invocation)
    }
  }

  /** Uploads that can be clips or tickets start intake; what cannot be delivered for a day waits as a dead letter. */
  private startJobs(malwareGate: boolean, tasks: string[], deadLetterQueue: sqs.IQueue) {
    const key = [
      ...tasks.map(task => ({ prefix: `${task}/` })),
      // A ticket lies anywhere.
      { suffix: '.job.json' }
    ]
    const eventPattern: events.EventPattern = malwareGate
      ? new MalwareGate(this, 'MalwareGate', { uploads: this.uploads }).patternOf(key)
      : {
          source: ['aws.s3'],
          detailType: ['Object Created'],
          detail: { bucket: { name: [this.uploads.bucketName] }, object: { key } }
        }
    const rule = new events.Rule(this, 'Uploaded', {
      description: 'A clip or a ticket was uploaded',
      eventPattern
    })
    rule.addTarget(
      new targets.LambdaFunction(this.functions.intake, {
        deadLetterQueue,
        ...forADay
      })
    )
    return rule
  }
}
