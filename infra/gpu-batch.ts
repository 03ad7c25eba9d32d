import { Duration, Size, Stack } from 'aws-cdk-lib'
import * as batch from 'aws-cdk-lib/aws-batch'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as events from 'aws-cdk-lib/aws-events'
import { Construct } from 'constructs'
import { gpuProcessors, mostInstances } from '../functions/cost/basis.ts'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { BatchEnded, type BatchEndedProps } from './batch-ended.ts'
import { gpuBasis, gpuInstances, gpuSeconds, type GpuProps } from './gpu.ts'
import { byBatch, gpuStart, type Invocation } from './invocation.ts'

export interface GpuBatchProps extends GpuProps {
  /** For what tells of containers that were lost. */
  ended: Pick<BatchEndedProps, 'bundle' | 'architecture' | 'deadLetters'>
}

/** `infer` on GPUs by AWS Batch: instances that come as jobs wait and go to none. */
export class GpuBatch extends Construct {
  readonly invocation: Invocation
  readonly queue: batch.JobQueue
  readonly ended: BatchEnded
  /** Rule of the event that Batch finds no instance, or none that fits, for the first job of the queue. */
  readonly blocked: events.Rule

  constructor(scope: Construct, id: string, props: GpuBatchProps) {
    super(scope, id)
    const { network, ended } = props
    const { logGroup, role, environment } = gpuBasis(this, 'ecs-tasks.amazonaws.com', props)
    const instances = new batch.ManagedEc2EcsComputeEnvironment(this, 'Instances', {
      vpc: network.vpc,
      vpcSubnets: network.vpcSubnets,
      securityGroups: network.securityGroups,
      minvCpus: 0,
      maxvCpus: mostInstances.batch * gpuProcessors,
      instanceTypes: gpuInstances,
      useOptimalInstanceClasses: false,
      allocationStrategy: batch.AllocationStrategy.BEST_FIT_PROGRESSIVE,
      images: [{ imageType: batch.EcsMachineImageType.ECS_AL2023_NVIDIA }]
    })
    this.queue = new batch.JobQueue(this, 'Queue', {
      computeEnvironments: [{ computeEnvironment: instances, order: 1 }],
      jobStateTimeLimitActions: [
        {
          action: batch.JobStateTimeLimitActionsAction.CANCEL,
          maxTime: gpuStart,
          reason: batch.JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
          state: batch.JobStateTimeLimitActionsState.RUNNABLE
        }
      ]
    })
    const container = new batch.EcsEc2ContainerDefinition(this, 'Container', {
      image: ecs.ContainerImage.fromAsset(props.container, { platform: Platform.LINUX_AMD64 }),
      cpu: gpuProcessors,
      memory: Size.mebibytes(14_000),
      gpu: 1,
      command: ['batch.mjs'],
      jobRole: role,
      environment: {
        ...environment,
        CLIPMILL_SECONDS: String(gpuSeconds),
        // Lambda sets it, Batch does not; nor is there a daemon for traces.
        AWS_REGION: Stack.of(this).region,
        POWERTOOLS_TRACE_ENABLED: 'false'
      },
      logging: ecs.LogDriver.awsLogs({ streamPrefix: 'infer', logGroup }),
      user: '1000'
    })
    acknowledgeWildcards(container, 'To authorise at ECR cannot be confined to resources', ['*'])
    acknowledgeWildcards(container, 'Streams of its log group', [logGroup.logGroupArn])
    const definition = new batch.EcsJobDefinition(this, 'Job', {
      container,
      timeout: Duration.seconds(gpuSeconds),
      retryStrategies: [batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.SPOT_INSTANCE_RECLAIMED)],
      retryAttempts: 2
    })
    acknowledge(this, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]':
        'What ECS asks for on its instances'
    })
    this.ended = new BatchEnded(this, 'Ended', {
      queue: this.queue,
      bundle: ended.bundle,
      architecture: ended.architecture,
      deadLetters: ended.deadLetters,
      logGroup: props.logGroup,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy
    })
    // It is counted, which an alarm looks at, and goes nowhere.
    this.blocked = new events.Rule(this, 'Blocked', {
      description: 'The first job of the GPU queue gets no instance',
      eventPattern: {
        source: ['aws.batch'],
        detailType: ['Batch Job Queue Blocked'],
        detail: { jobQueue: [this.queue.jobQueueArn] }
      }
    })
    acknowledge(this.blocked, { 'Serverless-EventBusDLQ': 'There is no target that could not be reached' })
    this.invocation = byBatch(this.queue, definition)
  }
}
