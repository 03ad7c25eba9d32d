import { App, Stack, Validations } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { acknowledgeWildcards } from '../../infra/acknowledge.ts'
import { allow } from '../../infra/allow.ts'
import { actionsOf, deploy, type Statement } from './deployment.ts'

/** A resource of a policy to be read: what the template calls it without its hash, and what follows. */
const readable = (resource: unknown): string => {
  if (typeof resource === 'string') return resource
  const [[how, what]] = Object.entries(resource as Record<string, unknown>)
  if (how === 'Fn::Join') return (what as [string, unknown[]])[1].map(readable).join('')
  const name = how === 'Fn::GetAtt' ? (what as string[])[0] : (what as string)
  return name.replace(/^Clipmill|[0-9A-F]{8}$/g, '')
}

/** What a role may do, each action with the resources that it may do it to. */
const rightsOf = ({ ofType }: ReturnType<typeof deploy>, role: string) => {
  const statements = ofType('AWS::IAM::Policy')
    .filter(([id]) => id.startsWith(`Clipmill${role}`))
    .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
  const rights: Record<string, string[]> = {}
  for (const statement of statements)
    for (const action of actionsOf(statement))
      (rights[action] ??= []).push(...[statement.Resource].flat().map(readable))
  return rights
}

const anyMachine = ['arn:AWS::Partition:states:AWS::Region:AWS::AccountId:stateMachine:*']
const xray = { 'xray:PutTraceSegments': ['*'], 'xray:PutTelemetryRecords': ['*'] }
const logInto = (group: string) => ({ 'logs:CreateLogStream': [group], 'logs:PutLogEvents': [group] })
const infer = {
  's3:GetObject': ['BucketsResults/jobs/*', 'BucketsResults/models/*'],
  's3:PutObject': ['BucketsResults/jobs/*'],
  's3:AbortMultipartUpload': ['BucketsResults/jobs/*'],
  's3:ListBucket': ['BucketsResults'],
  'events:PutEvents': ['Bus']
}
const answer = {
  'states:SendTaskSuccess': anyMachine,
  'states:SendTaskFailure': anyMachine,
  'states:SendTaskHeartbeat': anyMachine
}

describe('with GPUs by Lambda, a webhook and the malware gate', () => {
  const deployed = deploy(() => ({
    compute: { 'track-many': 'gpu' },
    webhook: 'https://example.com/hook',
    malwareGate: true
  }))

  it('a GPU container may what infer may, and answer for tokens', () => {
    expect(rightsOf(deployed, 'Functionsinfertrackmanyrole')).toEqual({
      ...logInto('Functionsinfertrackmanylog'),
      ...infer,
      ...xray
    })
    expect(rightsOf(deployed, 'Gpuinferrole')).toEqual({
      ...logInto('Gpuinferlog'),
      ...infer,
      ...answer,
      ...xray
    })
  })

  it('lists what lies below the prefixes of its work and its models alone', () => {
    const conditions = deployed
      .ofType('AWS::IAM::Policy')
      .filter(([id]) => id.startsWith('ClipmillGpuinferrole'))
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
      .filter(statement => actionsOf(statement).includes('s3:ListBucket'))
      .map(({ Condition }) => Condition)
    expect(conditions).toEqual([{ StringLikeIfExists: { 's3:prefix': ['jobs/*', 'models/*'] } }])
  })

  it('the webhook may read its secret, and neither bucket', () => {
    expect(rightsOf(deployed, 'WebhookFunctionrole')).toEqual({
      ...logInto('WebhookFunctionlog'),
      'secretsmanager:GetSecretValue': ['WebhookSecret'],
      'sqs:SendMessage': ['DeadLetters'],
      ...xray
    })
  })

  it('GuardDuty may look at uploads and tag them, not at results; it writes one object, to try', () => {
    const rights = rightsOf(deployed, 'MalwareGateRole')
    const rule = ['arn:aws:events:*:*:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*']
    const [bucket, objects] = [['BucketsUploads'], ['BucketsUploads/*']]
    expect(rights).toEqual({
      ...Object.fromEntries(['Put', 'Delete', 'Describe'].map(verb => [`events:${verb}Rule`, rule])),
      'events:PutTargets': rule,
      'events:RemoveTargets': rule,
      'events:ListTargetsByRule': rule,
      ...Object.fromEntries(
        ['PutObjectTagging', 'GetObjectTagging', 'PutObjectVersionTagging', 'GetObjectVersionTagging'].map(
          action => [`s3:${action}`, objects]
        )
      ),
      's3:GetObject': objects,
      's3:GetObjectVersion': objects,
      's3:PutBucketNotification': bucket,
      's3:GetBucketNotification': bucket,
      's3:ListBucket': bucket,
      's3:PutObject': ['BucketsUploads/malware-protection-resource-validation-object']
    })
  })
})

describe('with AWS Batch', () => {
  const deployed = deploy(() => ({ compute: { 'track-many': 'batch' } }))

  it('a GPU container may what infer may, and answer for tokens', () => {
    expect(rightsOf(deployed, 'Batchinferrole')).toEqual({ ...logInto('Batchinferlog'), ...infer, ...answer })
  })

  it('what tells of lost containers may say that they failed, and no more', () => {
    expect(rightsOf(deployed, 'BatchEndedFunctionrole')).toEqual({
      ...logInto('BatchEndedFunctionlog'),
      'states:SendTaskFailure': anyMachine,
      'sqs:SendMessage': ['DeadLetters'],
      ...xray
    })
  })

  it('it hears of failed jobs of this queue alone, and is not there without AWS Batch', () => {
    const rules = ({ ofType }: ReturnType<typeof deploy>) =>
      ofType('AWS::Events::Rule')
        .map(([, { Properties }]) => Properties.EventPattern as Record<string, object>)
        .filter(({ source }) => JSON.stringify(source) === '["aws.batch"]')
    const [queue] = deployed.ofType('AWS::Batch::JobQueue').map(([id]) => id)
    expect(rules(deployed)).toContainEqual({
      source: ['aws.batch'],
      'detail-type': ['Batch Job State Change'],
      detail: { jobQueue: [{ 'Fn::GetAtt': [queue, 'JobQueueArn'] }], status: ['FAILED'] }
    })
    expect(rules(deploy())).toEqual([])
  })
})

it.each([
  ['lambda', {}],
  ['gpu', { webhook: 'https://example.com/hook', malwareGate: true }],
  ['batch', {}]
] as const)(
  'no action has an asterisk, and any resource stands for what cannot be confined: %s',
  (compute, more) => {
    const statements = deploy(() => ({ compute: { 'track-many': compute }, ...more }))
      .ofType('AWS::IAM::Policy')
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
    for (const statement of statements) {
      for (const action of actionsOf(statement)) expect(action).not.toContain('*')
      if ([statement.Resource].flat().includes('*'))
        for (const action of actionsOf(statement))
          expect(action).toMatch(
            /^xray:|^ec2:.*(NetworkInterface|Subnets|PrivateIp)|^logs:.*(LogDeliver|ResourcePolic|LogGroups)|^ecr:GetAuthorizationToken$/
          )
    }
  }
)

it('an asterisk stands where it was meant to, and is found anywhere else', () => {
  const outdir = mkdtempSync(path.join(tmpdir(), 'clipmill-nag-'))
  onTestFinished(() => rmSync(outdir, { recursive: true, force: true }))
  const app = new App({ outdir })
  const stack = new Stack(app, 'Test')
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'clips')
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })
  for (const key of ['jobs/*', '*']) role.addToPolicy(allow(['s3:GetObject'], [bucket.arnForObjects(key)]))
  acknowledgeWildcards(role, 'Work of any job', [bucket.arnForObjects('jobs/*')])
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  try {
    app.synth()
  } catch {
    // What was found stands in the report.
  }
  const { pluginReports } = JSON.parse(readFileSync(path.join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations?: { ruleName: string }[] }[]
  }
  expect(pluginReports.flatMap(({ violations = [] }) => violations.map(({ ruleName }) => ruleName))).toEqual([
    'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::clips/*]'
  ])
})
