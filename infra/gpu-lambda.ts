import { Duration, Size } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { gpuProcessors, mostInstances } from '../functions/cost/basis.ts'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { gpuBasis, gpuInstances, gpuSeconds, type GpuProps } from './gpu.ts'
import { byToken, gpuStart, type Invocation } from './invocation.ts'

/** GPU memory that an environment gets at least, GiB, of those that Lambda offers: a T4 has 16. */
const acceleratorMemory = 12

// CDK knows neither the property nor that a change of it makes a new version.
lambda.Function.classifyVersionProperty('AcceleratorConfig', true)

/**
 * `infer` on GPUs by Lambda: managed instances that come as they are needed and go to none. Called without waiting, since
 * from none a start takes minutes; see functions/infer/gpu.ts.
 */
export class GpuLambda extends Construct {
  readonly invocation: Invocation
  readonly function: lambda.DockerImageFunction
  readonly alias: lambda.Alias

  constructor(scope: Construct, id: string, props: GpuProps) {
    super(scope, id)
    const { container, network } = props
    const { logGroup, role, environment } = gpuBasis(this, 'lambda.amazonaws.com', props)
    const provider = new lambda.CapacityProvider(this, 'Instances', {
      subnets: network.vpc.selectSubnets(network.vpcSubnets).subnets,
      securityGroups: network.securityGroups,
      architectures: [lambda.Architecture.X86_64],
      instanceTypeFilter: lambda.InstanceTypeFilter.allow(gpuInstances),
      maxVCpuCount: 2 * mostInstances.gpu * gpuProcessors
    })
    this.function = new lambda.DockerImageFunction(this, 'Function', {
      code: lambda.DockerImageCode.fromImageAsset(container),
      architecture: lambda.Architecture.X86_64,
      memorySize: 8192,
      timeout: Duration.seconds(gpuSeconds),
      ephemeralStorageSize: Size.gibibytes(8),
      tracing: lambda.Tracing.ACTIVE,
      role,
      logGroup,
      environment
    })
    acknowledgeWildcards(role, 'X-Ray cannot be confined to resources', ['*'])
    const resource = this.function.node.defaultChild as lambda.CfnFunction
    resource.addPropertyOverride('AcceleratorConfig.AcceleratorMemorySize', acceleratorMemory)
    acknowledge(this.function, {
      'CloudFormation-Validate::F3002': 'AcceleratorConfig is newer than the schema that the check knows'
    })
    provider.addFunction(this.function, {
      perExecutionEnvironmentMaxConcurrency: 1,
      executionEnvironmentMemoryGiBPerVCpu: 4
    })
    const version = this.function.currentVersion
    ;(version.node.defaultChild as lambda.CfnVersion).functionScalingConfig = {
      minExecutionEnvironments: 0,
      maxExecutionEnvironments: mostInstances.gpu
    }
    this.alias = new lambda.Alias(this, 'Alias', {
      aliasName: 'live',
      version,
      // The state machine tries again; an event that waits longer than its state does is of no use to anybody.
      retryAttempts: 0,
      maxEventAge: gpuStart
    })
    acknowledge(this, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AWSLambdaManagedEC2ResourceOperator]':
        'What Lambda asks for to start and stop instances',
      'Serverless-LambdaDLQ': 'The state that waits sees that no answer comes',
      'Serverless-LambdaAsyncFailureDestination': 'The state that waits sees that no answer comes'
    })
    this.invocation = byToken(this.alias)
  }
}
