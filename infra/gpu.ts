import { ArnFormat, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as events from 'aws-cdk-lib/aws-events'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { allow, inferRights } from './allow.ts'
import { loggedRole, type LogProps } from './logged-role.ts'

/** What a GPU container may take for one segment, or one stretch of a fold, seconds: as long as a function on CPU. */
export const gpuSeconds = 900

/** With a T4, an A10G or an L4; each has `gpuProcessors` of functions/cost/basis.ts. */
export const gpuInstances = ['g4dn.xlarge', 'g5.xlarge', 'g6.xlarge'].map(type => new ec2.InstanceType(type))

export interface GpuProps extends LogProps {
  /** Folder with a Dockerfile. */
  container: string
  network: GpuNetwork
  uploads: s3.IBucket
  results: s3.IBucket
  bus: events.IEventBus
}

/** What both kinds of GPU container have in common: role, log group, environment. */
export const gpuBasis = (scope: Construct, service: string, props: GpuProps) => {
  const { uploads, results, bus } = props
  const { logGroup, role } = loggedRole(scope, 'infer', service, props)
  for (const statement of [
    ...inferRights(results, bus),
    allow(
      ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
      [anyMachine(scope)]
    )
  ])
    role.addToPolicy(statement)
  acknowledgeWildcards(role, 'Objects below a prefix; tokens come from any of the state machines', [
    ...['jobs/*', 'models/*'].map(key => results.arnForObjects(key)),
    anyMachine(scope)
  ])
  results.encryptionKey?.grantEncryptDecrypt(role)
  const environment = {
    CLIPMILL_UPLOADS: uploads.bucketName,
    CLIPMILL_RESULTS: results.bucketName,
    CLIPMILL_SCRATCH: '/tmp',
    CLIPMILL_MODELS: '/opt/models',
    CLIPMILL_DEVICE: 'cuda',
    CLIPMILL_BUS: bus.eventBusName,
    POWERTOOLS_SERVICE_NAME: 'infer-gpu',
    POWERTOOLS_METRICS_NAMESPACE: 'clipmill'
  }
  return { logGroup, role, environment }
}

/** All state machines: whoever has a token may answer for it, and those that give them out depend on the roles that do. */
export const anyMachine = (scope: Construct) =>
  Stack.of(scope).formatArn({
    service: 'states',
    resource: 'stateMachine',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME
  })

export interface GpuNetworkProps {
  /** To use instead of one of our own; from its subnets S3, logs, events, states and ECR must be within reach. */
  vpc?: ec2.IVpc
}

/**
 * The network of GPU instances: public subnets without a NAT, which would cost while idle. Nothing is let in. Containers
 * see our own pictures only, never bytes from outside.
 */
export class GpuNetwork extends Construct {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets: ec2.SubnetSelection
  readonly securityGroups: ec2.ISecurityGroup[]

  constructor(scope: Construct, id: string, { vpc }: GpuNetworkProps = {}) {
    super(scope, id)
    this.vpc =
      vpc ??
      new ec2.Vpc(this, 'Vpc', {
        maxAzs: 3,
        natGateways: 0,
        subnetConfiguration: [{ name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 20 }],
        gatewayEndpoints: { s3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
        restrictDefaultSecurityGroup: false
      })
    if (!vpc)
      acknowledge(this.vpc, {
        'AwsSolutions-VPC7': 'Nothing is let in; what goes out are calls of AWS, of which CloudTrail tells'
      })
    this.vpcSubnets = vpc ? { subnets: vpc.privateSubnets } : { subnetType: ec2.SubnetType.PUBLIC }
    this.securityGroups = [new ec2.SecurityGroup(this, 'Group', { vpc: this.vpc })]
  }
}
