import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { put } from './allow.ts'

export interface DecodeNetworkProps {
  /** To use instead of one of our own; needs isolated or private subnets and a gateway endpoint for S3. */
  vpc?: ec2.IVpc
  /** All that can be reached from within. */
  buckets: s3.IBucket[]
}

/**
 * A network without a way out but to the two buckets: bytes from outside are decoded in it. A gateway endpoint costs
 * nothing, nor does the rest while idle.
 */
export class DecodeNetwork extends Construct {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets: ec2.SubnetSelection
  readonly securityGroups: ec2.ISecurityGroup[]

  constructor(scope: Construct, id: string, { vpc, buckets }: DecodeNetworkProps) {
    super(scope, id)
    this.vpc = vpc ?? this.makeVpc(buckets)
    this.vpcSubnets = vpc
      ? { subnets: vpc.isolatedSubnets.length > 0 ? vpc.isolatedSubnets : vpc.privateSubnets }
      : { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }
    const group = new ec2.SecurityGroup(this, 'Group', { vpc: this.vpc, allowAllOutbound: false })
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'S3, by the gateway endpoint')
    this.securityGroups = [group]
  }

  private makeVpc(buckets: s3.IBucket[]) {
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
      restrictDefaultSecurityGroup: false
    })
    acknowledge(vpc, {
      'AwsSolutions-VPC7': 'Nothing but the two buckets can be reached from it, and these keep access logs'
    })
    const endpoint = vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    endpoint.addToPolicy(
      new iam.PolicyStatement({
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', ...put],
        resources: buckets.flatMap(bucket => [bucket.bucketArn, bucket.arnForObjects('*')])
      })
    )
    return vpc
  }
}
