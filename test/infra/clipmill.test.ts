import { Match } from 'aws-cdk-lib/assertions'
import * as events from 'aws-cdk-lib/aws-events'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { describe, expect, it } from 'vitest'
import { announcement } from '../../events/announcement.ts'
import { actionsOf, deploy, inspect, type Statement } from './deployment.ts'

describe('clipmill in an account, with no property given', () => {
  const { template, functions, ofType, statementsOf } = deploy()

  it('has the functions of the chain, each with the layers that it needs and no other', () => {
    const layersOf = Object.fromEntries(
      Object.entries(functions).map(([name, { Layers = [] }]) => [
        name,
        (Layers as { Ref: string }[]).map(({ Ref }) => Ref.replace(/^ClipmillLayers|[0-9A-F]{8}$/g, ''))
      ])
    )
    expect(layersOf).toEqual({
      intake: [],
      plan: ['Media'],
      decode: ['Media'],
      render: ['Media'],
      store: ['Media'],
      infertrackmany: ['Inference', 'Modelstrackmany']
    })
    for (const [name, properties] of Object.entries(functions))
      expect(properties, name).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: expect.anything() as unknown }
      })
  })

  it('starts intake for clips and tickets, and keeps what could not be delivered', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { object: { key: [{ prefix: 'track-many/' }, { suffix: '.job.json' }] } }
      }
    })
    const [[, rule]] = ofType('AWS::Events::Rule')
    const [target] = rule.Properties.Targets as Record<'Arn' | 'DeadLetterConfig' | 'RetryPolicy', unknown>[]
    expect(target.DeadLetterConfig).toBeDefined()
    expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 })
    expect(target.Arn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^ClipmillUploadsQueue/), 'Arn'] })
  })

  it('tries intake for half a day, upload by upload, before it is a dead letter', () => {
    const [[queue, { Properties }]] = ofType('AWS::SQS::Queue').filter(([id]) => id.includes('UploadsQueue'))
    const { maxReceiveCount, deadLetterTargetArn } = Properties.RedrivePolicy as Record<string, unknown>
    expect((maxReceiveCount as number) * (Properties.VisibilityTimeout as number)).toBe(12 * 3600)
    expect(Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * (functions.intake.Timeout as number))
    expect(JSON.stringify(deadLetterTargetArn)).toContain('ClipmillDeadLetters')
    expect(Properties.SqsManagedSseEnabled).toBe(true)
    // Of what was received three times, the age is counted no longer.
    const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties)
    const wait = alarms.find(({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage')!
    expect(wait.Threshold).toBeLessThan(2 * (Properties.VisibilityTimeout as number))
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
      BatchSize: 1
    })
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })
        ])
      }
    })
  })

  it('allows no action by asterisk, and lets nobody remove an object', () => {
    const statements = ofType('AWS::IAM::Policy').flatMap(
      ([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement
    )
    const actions = new Set(statements.flatMap(actionsOf))
    for (const action of actions) expect(action).not.toMatch(/\*|^s3:Delete/)
  })

  it('gives each function the rights of the table in docs/security.md', () => {
    const rightsOf = (name: string) =>
      [...new Set(statementsOf(name).flatMap(actionsOf))]
        .filter(action => !/^(logs|xray):/.test(action))
        .toSorted()
    const clip = [
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:ListBucket',
      's3:PutObject'
    ]
    const network = [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses'
    ]
    expect(rightsOf('intake')).toEqual([
      'events:PutEvents',
      ...clip,
      ...['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      'states:StartExecution'
    ])
    expect(rightsOf('plan')).toEqual(['events:PutEvents', ...clip])
    expect(rightsOf('decode')).toEqual([...network, ...clip])
    const results = [
      'events:PutEvents',
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject'
    ]
    for (const name of ['render', 'store', 'infertrackmany']) expect(rightsOf(name), name).toEqual(results)
  })

  it('runs published versions, which stay, so that a job ends on the code on which it began', () => {
    const [[, machine]] = ofType('AWS::StepFunctions::StateMachine')
    const called = JSON.stringify(machine.Properties.DefinitionString)
    const versions = ofType('AWS::Lambda::Version')
    expect(versions).toHaveLength(5)
    for (const [id, { DeletionPolicy }] of versions) {
      expect(called).toContain(`"Ref":"${id}"`)
      expect(DeletionPolicy, id).toBe('Retain')
    }
  })

  it('decodes in a network without a way out but to the two buckets', () => {
    expect(functions.decode.VpcConfig).toBeDefined()
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway'])
      expect(ofType(type), type).toEqual([])
    const [[, endpoint]] = ofType('AWS::EC2::VPCEndpoint')
    const [{ Action, Resource }] = (endpoint.Properties.PolicyDocument as { Statement: Statement[] })
      .Statement
    expect(Action).not.toContain('s3:*')
    expect(JSON.stringify(Resource)).toMatch(/BucketsUploads.*BucketsResults/)
  })

  it('allows on any resource only what cannot be confined to one', () => {
    const anywhere = ofType('AWS::IAM::Policy')
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
      .filter(({ Resource }) => [Resource].flat().includes('*'))
      .flatMap(actionsOf)
    for (const action of anywhere)
      expect(action).toMatch(/^xray:|^ec2:.*(NetworkInterface|Subnets|PrivateIp)|^logs:/)
    expect(anywhere.filter(action => action.startsWith('logs:'))).not.toContain('logs:PutLogEvents')
  })

  it('writes where it may, and nowhere else', () => {
    const written = (name: string) =>
      statementsOf(name)
        .filter(statement => actionsOf(statement).includes('s3:PutObject'))
        .flatMap(({ Resource }) => [Resource].flat())
        .map(resource => JSON.stringify(resource).replace(/^.*"(\/[^"]*)".*$/, '$1'))
    for (const name of ['plan', 'decode', 'render', 'infertrackmany'])
      expect(written(name), name).toEqual(['/jobs/*'])
    expect(written('intake').toSorted()).toEqual(['/jobs/*', '/refused/*'])
    expect(written('store')).toEqual(['/*'])
  })

  it('has no more metrics in alarms than are free, and each alarm says what to do', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties)
    // One over a sum counts as many times as the sum has metrics.
    const metrics = alarms.flatMap(({ Metrics = [{ MetricStat: {} }] }) =>
      (Metrics as { MetricStat?: object }[]).filter(({ MetricStat }) => MetricStat)
    )
    expect(metrics.length).toBeLessThanOrEqual(10)
    for (const { AlarmDescription } of alarms) expect(AlarmDescription).toMatch(/"clipmill \w+|deploy with /)
  })

  it('publishes the schema of each announcement', () => {
    const schemas = ofType('AWS::EventSchemas::Schema').map(([, { Properties }]) => Properties)
    expect(schemas.map(({ SchemaName }) => SchemaName).toSorted()).toEqual(
      announcement.options.map(({ shape }) => `clipmill@${shape.type.value}`).toSorted()
    )
    const accepted = schemas.find(({ SchemaName }) => SchemaName === 'clipmill@job.accepted')!
    expect(JSON.parse(accepted.Content as string)).toMatchObject({
      type: 'object',
      required: ['job', 'task', 'clip', 'key', 'at']
    })
  })

  it('has nothing that costs while nobody uploads', () => {
    const costly =
      /NatGateway|LoadBalancer|AWS::EC2::Instance$|ECS::Service|RDS|ProvisionedConcurrency|SecretsManager|Kinesis/
    for (const { Type } of Object.values(template.toJSON().Resources as Record<string, { Type: string }>))
      expect(Type).not.toMatch(costly)
    for (const [, { Properties }] of ofType('AWS::EC2::VPCEndpoint'))
      expect(Properties.VpcEndpointType).toBe('Gateway')
  })

  it('keeps clips, results and logs when the stack goes', () => {
    for (const [id, { DeletionPolicy }] of ofType('AWS::S3::Bucket'))
      expect(DeletionPolicy, id).toBe('Retain')
    for (const [id, { DeletionPolicy }] of ofType('AWS::Logs::LogGroup'))
      // That of a state machine has a fixed name, which would be in the way of the next stack.
      expect(DeletionPolicy, id).toBe(id.startsWith('ClipmillFunctions') ? 'Retain' : 'Delete')
  })
})

it('what is handed in is used, and neither made nor changed', () => {
  const { ofType } = deploy(stack => ({
    retention: 'destroy',
    uploads: s3.Bucket.fromBucketName(stack, 'MyUploads', 'my-uploads'),
    results: s3.Bucket.fromBucketName(stack, 'MyResults', 'my-results'),
    bus: events.EventBus.fromEventBusName(stack, 'MyBus', 'my-bus')
  }))
  for (const type of ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::Events::EventBus'])
    expect(ofType(type), type).toEqual([])
  for (const [id, { DeletionPolicy }] of ofType('AWS::Logs::LogGroup'))
    expect(DeletionPolicy, id).toBe('Delete')
})

it.each(['gpu', 'batch'] as const)('all log into a group that is handed in, with %s', compute => {
  const { ofType, functions, template } = deploy(stack => ({
    logGroup: logs.LogGroup.fromLogGroupName(stack, 'MyLog', 'my-log'),
    compute: { 'track-many': compute },
    webhook: 'https://example.com/hook'
  }))
  expect(ofType('AWS::Logs::LogGroup')).toEqual([])
  for (const [name, properties] of Object.entries(functions))
    expect(properties.LoggingConfig, name).toEqual({ LogGroup: 'my-log' })
  template.allResourcesProperties('AWS::StepFunctions::StateMachine', {
    LoggingConfiguration: {
      Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: Match.anyValue() } }]
    }
  })
  if (compute === 'batch')
    template.hasResourceProperties('AWS::Batch::JobDefinition', {
      ContainerProperties: { LogConfiguration: { Options: Match.objectLike({ 'awslogs-group': 'my-log' }) } }
    })
  const written = ofType('AWS::IAM::Policy')
    .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
    .filter(statement => actionsOf(statement).includes('logs:PutLogEvents'))
  expect(written.length).toBeGreaterThanOrEqual(Object.keys(functions).length)
  for (const { Resource } of written) expect(JSON.stringify(Resource)).toContain(':log-group:my-log:*')
})

it('a key of one’s own encrypts the buckets, and all that read and write them may use it', () => {
  const { ofType } = deploy(stack => ({ key: new kms.Key(stack, 'Key') }))
  const may = (role: RegExp) =>
    ofType('AWS::IAM::Policy')
      .filter(([id]) => role.test(id))
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement)
      .flatMap(actionsOf)
  for (const role of [/intakerole/, /decoderole/, /infertrackmanyrole/, /storerole/, /StateMachineRole/])
    expect(may(role), String(role)).toContain('kms:Decrypt')
})

it('a task on GPUs by Lambda is called without waiting, on instances that go to none', () => {
  const { template, ofType } = deploy(() => ({ compute: { 'track-many': 'gpu' } }))
  template.hasResourceProperties('AWS::Lambda::Function', {
    PackageType: 'Image',
    AcceleratorConfig: { AcceleratorMemorySize: 12 },
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: { PerExecutionEnvironmentMaxConcurrency: 1 }
    }
  })
  template.hasResourceProperties('AWS::Lambda::Version', {
    FunctionScalingConfig: { MinExecutionEnvironments: 0, MaxExecutionEnvironments: 4 }
  })
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 })
  const [[, machine]] = ofType('AWS::StepFunctions::StateMachine')
  expect(JSON.stringify(machine.Properties.DefinitionString)).toMatch(
    /lambda:invoke\.waitForTaskToken.*InvocationType.*Event/
  )
})

it('a task on GPUs by Batch gets its event as arguments of a job, on instances that go to none', () => {
  const { template, ofType } = deploy(() => ({ compute: { 'track-many': 'batch' } }))
  template.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
    ComputeResources: { MinvCpus: 0, Ec2Configuration: [{ ImageType: 'ECS_AL2023_NVIDIA' }] }
  })
  template.hasResourceProperties('AWS::Batch::JobDefinition', {
    ContainerProperties: {
      ResourceRequirements: Match.arrayWith([{ Type: 'GPU', Value: '1' }]),
      User: '1000'
    }
  })
  const [[, machine]] = ofType('AWS::StepFunctions::StateMachine')
  expect(JSON.stringify(machine.Properties.DefinitionString)).toMatch(
    /batch:submitJob\.waitForTaskToken.*batch\.mjs.*--job.*--stage.*--token/
  )
})

describe('cdk-nag', () => {
  it('finds nothing, and what was let stand has its reasons', () => {
    const { findings, reasons } = inspect()
    expect(findings).toEqual([])
    expect(reasons).toHaveLength(12)
  })

  it('finds nothing either with all that can be added', () => {
    const { findings, reasons } = inspect(() => ({
      compute: { 'track-many': 'gpu' },
      webhook: 'https://example.com/hook',
      malwareGate: true,
      alarmAddress: 'alarms@example.com',
      monthlyBudget: 50,
      dailyBudget: 5
    }))
    expect(findings).toEqual([])
    expect(reasons).toHaveLength(20)
  })

  it('finds nothing with buckets and a log group that are handed in', () => {
    const { findings } = inspect(stack => ({
      uploads: s3.Bucket.fromBucketName(stack, 'MyUploads', 'my-uploads'),
      results: s3.Bucket.fromBucketName(stack, 'MyResults', 'my-results'),
      logGroup: logs.LogGroup.fromLogGroupName(stack, 'MyLog', 'my-log'),
      compute: { 'track-many': 'batch' }
    }))
    expect(findings).toEqual([])
  })

  it('finds nothing with AWS Batch', () => {
    const { findings, reasons } = inspect(() => ({ compute: { 'track-many': 'batch' } }))
    expect(findings).toEqual([])
    expect(reasons).toHaveLength(18)
  })
})
