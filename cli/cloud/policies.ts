import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { packageRoot } from '../../local/home.ts'
import { identityOf, type Account } from './account.ts'
import { runCdk } from './cdk.ts'
import { findDeadLetters, type Target } from './dead-letters.ts'
import { logGroupsOf, type Stack } from './stack.ts'

interface Statement {
  /** Why it is needed. */
  Sid: string
  Effect: 'Allow'
  Action: string[]
  Resource: string[]
  Condition?: Record<string, Record<string, string | string[]>>
}
export interface Policy {
  Version: '2012-10-17'
  Statement: Statement[]
}
const policy = (...Statement: Statement[]): Policy => ({ Version: '2012-10-17', Statement })
const allow = (
  Sid: string,
  Action: string[],
  Resource: string[],
  Condition?: Statement['Condition']
): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) })

/** What a person needs to look at jobs and take results: `cloud status`, `jobs`, `logs` and `links`. */
export const readPolicy = async (account: Account, stack: Stack): Promise<Policy> =>
  policy(...(await reading(account, stack)))

/** What a person needs besides to upload clips and tickets, to stop jobs and begin them again, and for `cloud resend`. */
export const usePolicy = async (account: Account, stack: Stack): Promise<Policy> => {
  const { partition, objects, executions, machines } = namesOf(stack)
  const [, , , region, number] = stack.arn.split(':')
  return policy(
    ...(await reading(account, stack)),
    allow(
      'UploadClipsAndTickets',
      ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      [objects(stack.uploads, '*')]
    ),
    allow('StopJobs', ['states:StopExecution'], executions),
    allow('BeginJobsAgain', ['states:StartExecution'], machines),
    allow(
      'RemoveWhatIsToBeDoneAgain',
      ['s3:DeleteObject'],
      [objects(stack.results, 'jobs/*'), objects(stack.results, '*/error.json')]
    ),
    allow(
      'AnnounceThatAJobWasStopped',
      ['events:PutEvents'],
      [`arn:${partition}:events:${region}:${number}:event-bus/${stack.bus}`]
    ),
    ...(await resending(account, stack))
  )
}

const resending = async (account: Account, stack: Stack): Promise<Statement[]> => {
  const { queue, targets } = await findDeadLetters(account, stack)
  if (queue === undefined) return []
  const [, partition, , region, number] = stack.arn.split(':')
  const own = (service: string, name: string) => `arn:${partition}:${service}:${region}:${number}:${name}`
  const queueArn = (address: string) => own('sqs', address.split('/').at(-1)!)
  const of = (kind: Target['kind']) => [
    ...new Set(Object.values(targets).flatMap(target => (target.kind === kind ? target.id : [])))
  ]
  return [
    allow('FindWhereEventsGo', ['cloudformation:GetTemplate'], [stack.arn]),
    allow(
      'TakeDeadLettersOut',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      [queueArn(queue)]
    ),
    allow('SendUploadsAgain', ['sqs:SendMessage'], of('queue').map(queueArn)),
    allow(
      'SendOtherEventsAgain',
      ['lambda:InvokeFunction'],
      of('function').map(name => own('lambda', `function:${name}`))
    )
  ].filter(({ Resource }) => Resource.length > 0)
}

const reading = async (account: Account, stack: Stack): Promise<Statement[]> => {
  const { partition, bucket, objects, executions, machines } = namesOf(stack)
  const [, , , region, number] = stack.arn.split(':')
  const groups = await logGroupsOf(account, stack)
  return [
    allow(
      'FindBucketsAndMachines',
      ['cloudformation:DescribeStacks', 'cloudformation:ListStackResources'],
      [stack.arn]
    ),
    allow('ListResults', ['s3:ListBucket'], [bucket(stack.results)]),
    allow('ReadResults', ['s3:GetObject'], [objects(stack.results, '*')]),
    allow('ListJobs', ['states:ListExecutions'], machines),
    allow('SeeHowAJobStands', ['states:DescribeExecution'], executions),
    allow(
      'ReadLogs',
      ['logs:FilterLogEvents', 'logs:GetLogEvents'],
      groups.map(group => `arn:${partition}:logs:${region}:${number}:log-group:${group}:*`)
    )
  ]
}

const namesOf = ({ arn, machines }: Stack) => {
  const [, partition] = arn.split(':')
  const all = Object.values(machines)
  return {
    partition,
    bucket: (name: string) => `arn:${partition}:s3:::${name}`,
    objects: (bucket: string, keys: string) => `arn:${partition}:s3:::${bucket}/${keys}`,
    machines: all,
    executions: all.map(machine => `${machine.replace(':stateMachine:', ':execution:')}:*`)
  }
}

/**
 * What `clipmill deploy` needs: the roles that the synthesised app names, which `cdk bootstrap` made; what is checked
 * before; the model store; what `cloud destroy` tells of; and, for who bootstraps, what makes those roles. Through them CloudFormation does the rest.
 * @param assembly folder of the synthesised app
 */
export const deployPolicy = async (
  account: Account,
  stack: string,
  assembly = path.join(packageRoot, 'cdk.out')
): Promise<Policy> => {
  if (!existsSync(path.join(assembly, `${stack}.assets.json`)))
    await runCdk('synth', ['--quiet'], stack, ['retention=keep'])
  const { account: number, partition } = await identityOf(account)
  const texts = await Promise.all(
    ['manifest.json', `${stack}.assets.json`].map(file => readFile(path.join(assembly, file), 'utf8'))
  )
  const given: Record<string, string> = { Partition: partition, AccountId: number, Region: account.region }
  const roles = new Set(
    Array.from(texts.join('').matchAll(/"arn:[^"]*:role\/cdk-[^"]*"/g), ([role]) =>
      (JSON.parse(role) as string).replaceAll(/\$\{AWS::(\w+)\}/g, (_, name: string) => given[name])
    )
  )
  // CloudFormation's own is passed to it by the role that deploys, and assumed by nobody else.
  const assumed = [...roles].filter(role => !role.includes('-cfn-exec-role-')).toSorted()
  const [, qualifier] = /role\/cdk-(\w+)-/.exec(assumed[0])!
  const own = (service: string, resource: string) =>
    `arn:${partition}:${service}:${account.region}:${number}:${resource}`
  return policy(
    allow('AssumeTheRolesOfTheBootstrap', ['sts:AssumeRole'], assumed),
    allow(
      'LookAtTheStacks',
      ['cloudformation:DescribeStacks'],
      [own('cloudformation', `stack/${stack}/*`), own('cloudformation', 'stack/CDKToolkit/*')]
    ),
    allow(
      'TellWhatDestroyRemoves',
      ['cloudformation:GetTemplate', 'cloudformation:ListStackResources'],
      [own('cloudformation', `stack/${stack}/*`)]
    ),
    allow('TellWhatBucketsHold', ['s3:ListBucketVersions'], bucketsOf(partition, stack)),
    // Without the right to list, S3 answers 403 for a model that is not there.
    allow('SeeWhichModelsAreThere', ['s3:ListBucket'], bucketsOf(partition, stack), {
      StringLike: { 's3:prefix': 'models/*' }
    }),
    allow(
      'PutModelsThatNoLayerTakes',
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      bucketsOf(partition, stack).map(bucket => `${bucket}/models/*`)
    ),
    // Quotas know no resources.
    allow('CheckQuotas', ['servicequotas:GetServiceQuota', 'servicequotas:GetAWSDefaultServiceQuota'], ['*']),
    ...bootstrapping(partition, number, qualifier, own)
  )
}

/** CloudFormation derives a bucket's name from the stack's. */
const bucketsOf = (partition: string, stack: string) => [`arn:${partition}:s3:::${stack.toLowerCase()}-*`]

/** What `cdk bootstrap` does, once an account and region: a stack of roles, a bucket, an image repository and a parameter. */
const bootstrapping = (
  partition: string,
  number: string,
  qualifier: string,
  own: (service: string, resource: string) => string
) => [
  allow(
    'BootstrapTheStack',
    [
      'CreateChangeSet',
      'DeleteChangeSet',
      'DescribeChangeSet',
      'DescribeStackEvents',
      'ExecuteChangeSet',
      'GetTemplate',
      'UpdateTerminationProtection'
    ].map(action => `cloudformation:${action}`),
    [own('cloudformation', 'stack/CDKToolkit/*')]
  ),
  allow(
    'BootstrapRoles',
    [
      'AttachRolePolicy',
      'CreateRole',
      'DeleteRole',
      'DeleteRolePolicy',
      'DetachRolePolicy',
      'GetRole',
      'GetRolePolicy',
      'PutRolePolicy',
      'TagRole',
      'UpdateAssumeRolePolicy'
    ].map(action => `iam:${action}`),
    [`arn:${partition}:iam::${number}:role/cdk-${qualifier}-*`]
  ),
  allow(
    'BootstrapTheBucketOfAssets',
    [
      'CreateBucket',
      'GetBucketLocation',
      'GetBucketPolicy',
      'GetEncryptionConfiguration',
      'PutBucketPolicy',
      'PutBucketPublicAccessBlock',
      'PutBucketVersioning',
      'PutEncryptionConfiguration',
      'PutLifecycleConfiguration'
    ].map(action => `s3:${action}`),
    [`arn:${partition}:s3:::cdk-${qualifier}-assets-${number}-*`]
  ),
  allow(
    'BootstrapTheRepositoryOfImages',
    [
      'CreateRepository',
      'DescribeRepositories',
      'PutImageTagMutability',
      'PutLifecyclePolicy',
      'SetRepositoryPolicy'
    ].map(action => `ecr:${action}`),
    [own('ecr', `repository/cdk-${qualifier}-*`)]
  ),
  allow(
    'BootstrapTheParameterOfItsVersion',
    ['ssm:DeleteParameter', 'ssm:GetParameters', 'ssm:PutParameter'],
    [own('ssm', `parameter/cdk-bootstrap/${qualifier}/*`)]
  )
]
