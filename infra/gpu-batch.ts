import { Duration, Size, Stack } from 'aws-cdk-lib'
import * as batch from 'aws-cdk-lib/aws-batch'
import { Platform } from 'aws-cdk-lib/aws-ecr-assets'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import { Construct } from 'constructs'
import { gpuProcessors, mostInstances } from '../functions/cost/basis.ts'
import { acknowledge } from './acknowledge.ts'
import { gpuBasis, gpuInstances, gpuSeconds, type GpuProps } from './gpu.ts'
import { byBatch, gpuStart, type Invocation } from './invocation.ts'

/** `infer` on GPUs by AWS Batch: instances that come as jobs wait and go to none. */
export class GpuBatch extends Construct {
  readonly invocation: Invocation
  readonly queue: batch.JobQueue

  constructor(scope: Construct, id: string, props: GpuProps) {
    super(scope, id)
    const { container, network } = props
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
    const definition = new batch.EcsJobDefinition(this, 'Job', {
      container: new batch.EcsEc2ContainerDefinition(this, 'Container', {
        image: ecs.ContainerImage.fromAsset(container, { platform: Platform.LINUX_AMD64 }),
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
      }),
      timeout: Duration.seconds(gpuSeconds),
      retryStrategies: [batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.SPOT_INSTANCE_RECLAIMED)],
      retryAttempts: 2
    })
    acknowledge(this, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]':
        'What ECS asks for on its instances'
    })
    this.invocation = byBatch(this.queue, definition)
  }
}
