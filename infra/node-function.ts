import * as lambda from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import type { Architecture } from './assets/place.ts'
import { loggedRole, type LogProps } from './logged-role.ts'
import { lambdaArchitecture } from './shared-layers.ts'

type Ours = 'code' | 'handler' | 'runtime' | 'architecture' | 'role' | 'logGroup'

export interface NodeFunctionProps extends LogProps, Omit<lambda.FunctionProps, Ours | keyof LogProps> {
  /** Folder with `index.mjs`, whose `handler` is called. */
  bundle: string
  architecture: Architecture
}

/** A function of ours, with a role of its own that may write its log and its traces; what else it needs is given to it. */
export const nodeFunction = (
  scope: Construct,
  id: string,
  { bundle, architecture, logGroup: given, logRetention, removalPolicy, ...more }: NodeFunctionProps
) => {
  const { logGroup, role } = loggedRole(scope, id, 'lambda.amazonaws.com', {
    logGroup: given,
    logRetention,
    removalPolicy
  })
  acknowledgeWildcards(role, 'X-Ray cannot be confined to resources', ['*'])
  return new lambda.Function(scope, id, {
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambdaArchitecture[architecture],
    code: lambda.Code.fromAsset(bundle),
    handler: 'index.handler',
    tracing: lambda.Tracing.ACTIVE,
    role,
    logGroup,
    ...more
  })
}
