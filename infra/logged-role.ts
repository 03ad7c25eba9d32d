import type { RemovalPolicy } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { allow } from './allow.ts'

/** Where functions and containers log. */
export interface LogProps {
  /** That of somebody else, which is used as it is. @default one is made for each */
  logGroup?: logs.ILogGroup
  /** Of groups that are made: how long logs stay, and what becomes of them when the stack goes. */
  logRetention: logs.RetentionDays
  removalPolicy: RemovalPolicy
}

/** A role that may write a log and nothing else yet, and the group that the log is in. */
export const loggedRole = (scope: Construct, id: string, service: string, props: LogProps) => {
  const { logRetention: retention, removalPolicy } = props
  const logGroup = props.logGroup ?? new logs.LogGroup(scope, `${id}-log`, { retention, removalPolicy })
  const role = new iam.Role(scope, `${id}-role`, { assumedBy: new iam.ServicePrincipal(service) })
  role.addToPolicy(allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]))
  acknowledgeWildcards(role, 'Streams of its log group', [logGroup.logGroupArn])
  return { logGroup, role }
}
