import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { deployPolicy, readPolicy, usePolicy, type Policy } from '../../cli/cloud/policies.ts'
import { readStack } from '../../cli/cloud/stack.ts'
import { temporaryFolder } from '../e2e/cli.ts'
import { makeAccount } from './cloud-account.ts'

const resourcesFor = ({ Statement }: Policy, action: string) =>
  Statement.flatMap(({ Action, Resource }) => (Action.includes(action) ? Resource : []))

/** What IAM takes: at most 6,144 characters, and in `Sid` letters and figures alone. */
const expectValid = (policy: Policy) => {
  expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144)
  for (const { Sid, Action } of policy.Statement) {
    expect(Sid).toMatch(/^[A-Za-z0-9]+$/)
    for (const action of Action) expect(action).not.toContain('*')
  }
}

it('who reads gets results, jobs and logs of this deployment, and writes nothing', async () => {
  const { account } = await makeAccount()
  const policy = await readPolicy(account, await readStack(account, 'Clipmill'))
  expectValid(policy)
  expect(resourcesFor(policy, 's3:GetObject')).toEqual(['arn:aws:s3:::results/*'])
  expect(resourcesFor(policy, 'states:DescribeExecution')).toEqual([
    'arn:aws:states:eu-west-1:123456789012:execution:TrackMany:*'
  ])
  expect(resourcesFor(policy, 'logs:FilterLogEvents')).toContain(
    'arn:aws:logs:eu-west-1:123456789012:log-group:Clipmill-planlog-1:*'
  )
  const actions = policy.Statement.flatMap(({ Action }) => Action)
  expect(actions.filter(action => !/:(Get|List|Describe|Filter)/.test(action))).toEqual([])
})

it('who uses it uploads besides, stops jobs and begins them again', async () => {
  const { account } = await makeAccount()
  const policy = await usePolicy(account, await readStack(account, 'Clipmill'))
  expectValid(policy)
  expect(resourcesFor(policy, 's3:PutObject')).toEqual(['arn:aws:s3:::uploads/*'])
  expect(resourcesFor(policy, 's3:DeleteObject')).toEqual([
    'arn:aws:s3:::results/jobs/*',
    'arn:aws:s3:::results/*/error.json'
  ])
  expect(resourcesFor(policy, 'states:StartExecution')).toEqual([
    'arn:aws:states:eu-west-1:123456789012:stateMachine:TrackMany'
  ])
  expect(resourcesFor(policy, 'events:PutEvents')).toEqual([
    'arn:aws:events:eu-west-1:123456789012:event-bus/Bus'
  ])
})

it('who uses it sends dead letters again, to where they belong and nowhere else', async () => {
  const { account } = await makeAccount()
  const policy = await usePolicy(account, await readStack(account, 'Clipmill'))
  for (const [action, resource] of [
    ['sqs:ReceiveMessage', 'sqs:eu-west-1:123456789012:DeadLetters-1'],
    ['sqs:DeleteMessage', 'sqs:eu-west-1:123456789012:DeadLetters-1'],
    ['sqs:SendMessage', 'sqs:eu-west-1:123456789012:Uploads-1'],
    ['lambda:InvokeFunction', 'lambda:eu-west-1:123456789012:function:Clipmill-webhook-1']
  ])
    expect(resourcesFor(policy, action)).toEqual([`arn:aws:${resource}`])
})

it('who deploys assumes the roles that the synthesised app names, but for that of CloudFormation', async () => {
  const { account } = await makeAccount()
  const role = (name: string) =>
    `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/cdk-abc-${name}-role-\${AWS::AccountId}-\${AWS::Region}`
  const assembly = temporaryFolder()
  const files = {
    'manifest.json': [role('deploy'), role('cfn-exec'), role('lookup')],
    'Clipmill.assets.json': [role('file-publishing')]
  }
  for (const [name, roles] of Object.entries(files))
    await writeFile(path.join(assembly, name), JSON.stringify(roles))

  const policy = await deployPolicy(account, 'Clipmill', assembly)
  expectValid(policy)
  const roleName = (name: string) =>
    `arn:aws:iam::123456789012:role/cdk-abc-${name}-role-123456789012-eu-west-1`
  expect(resourcesFor(policy, 'sts:AssumeRole')).toEqual(
    ['deploy', 'file-publishing', 'lookup'].map(roleName)
  )
  // What `cloud destroy` tells of beforehand.
  expect(resourcesFor(policy, 's3:ListBucketVersions')).toEqual(['arn:aws:s3:::clipmill-*'])
  expect(resourcesFor(policy, 'cloudformation:GetTemplate')).toContain(
    'arn:aws:cloudformation:eu-west-1:123456789012:stack/Clipmill/*'
  )
  expect(resourcesFor(policy, 'iam:CreateRole')).toEqual(['arn:aws:iam::123456789012:role/cdk-abc-*'])
})
