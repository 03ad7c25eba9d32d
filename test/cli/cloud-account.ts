import { readFileSync } from 'node:fs'
import { job as jobSchema, type Job } from '../../events/job.ts'
import { manifest as manifestSchema, type Manifest } from '../../events/manifest.ts'
import { keys } from '../../functions/shared/keys.ts'
import type { Account } from '../../cli/cloud/account.ts'
import { makeWorld } from '../functions/world.ts'

const example = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../events/examples/${name}.json`, import.meta.url), 'utf8'))

const region = 'eu-west-1'
const number = '123456789012'
const stackArn = `arn:aws:cloudformation:${region}:${number}:stack/Clipmill/1`
export const machine = `arn:aws:states:${region}:${number}:stateMachine:TrackMany`
const sqs = `https://sqs.${region}.amazonaws.com/${number}`
export const queues = { uploads: `${sqs}/Uploads-1`, deadLetters: `${sqs}/DeadLetters-1` }

/** A rule that delivers events of a source to a resource, as the CDK makes it. */
const rule = (source: string, target: string) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventPattern: { source: [source] },
    Targets: [
      {
        Id: 'Target0',
        Arn: { 'Fn::GetAtt': [target, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['deadLetters', 'Arn'] } }
      }
    ]
  }
})
const execution = (name: string) => `${machine.replace('stateMachine', 'execution')}:${name}`

/** What AWS answers to commands, by their names. */
type Answers = Record<string, (input: never) => object>

/** An error as the SDK throws it for an answer of a service, told by its name. */
export const awsError = (name: string, status = 400) =>
  Object.assign(new Error('…'), {
    name,
    $fault: status >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode: status }
  })

/** A client at the SDK's boundary: a command goes in, an answer comes out. */
export const clientOf = (answers: Answers, sent: { command: string; input: object }[]) => ({
  send: (command: { constructor: { name: string }; input: object }) => {
    const { name } = command.constructor
    sent.push({ command: name, input: command.input })
    if (!Object.hasOwn(answers, name)) throw new Error(`nobody answers ${name}`)
    return Promise.resolve().then(() => answers[name](command.input as never))
  }
})

interface Run {
  name: string
  status: string
  startDate: Date
  stopDate?: Date | undefined
}

/** Jobs of a test: ids that follow from a letter, on clips called after it. */
export const jobOf = (letter: string): Job => {
  const hash = letter.repeat(24)
  const job = jobSchema.parse(example('job'))
  return {
    ...job,
    id: `track-many-${hash}`,
    name: `${letter}.mp4`,
    clip: { ...job.clip, key: `track-many/${letter}.mp4` },
    results: `track-many/${letter}.mp4/${hash}/`
  }
}

/** As `store` leaves it; `missing`: runs of frames. */
export const manifestOf = (job: Job, missing: Manifest['missing'] = []): Manifest => ({
  ...manifestSchema.parse(example('manifest')),
  job,
  missing
})

const json = { contentType: 'application/json' }

/** An account with a deployment of one task; its results bucket is the embedded store's. */
export const makeAccount = async (given: Answers = {}, moreOutputs: Record<string, string> = {}) => {
  const { context, client, list } = await makeWorld()
  const sent: { command: string; input: object }[] = []
  /** Newest first. */
  const runs: Run[] = []
  const running = (arn: string) => runs.find(({ name }) => execution(name) === arn)!

  const answers: Answers = {
    GetCallerIdentityCommand: () => ({ Account: number, Arn: `arn:aws:iam::${number}:user/me` }),
    DescribeStacksCommand: ({ StackName }: { StackName: string }) => {
      if (StackName !== 'Clipmill') throw awsError('ValidationError')
      const outputs = {
        Uploads: 'uploads',
        Results: 'results',
        Bus: 'Bus',
        Machines: JSON.stringify({ 'track-many': machine }),
        ...moreOutputs
      }
      const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }))
      return { Stacks: [{ StackId: stackArn, StackStatus: 'UPDATE_COMPLETE', Outputs }] }
    },
    ListStackResourcesCommand: () => ({
      StackResourceSummaries: [
        ['UploadsBucket', 'AWS::S3::Bucket', 'uploads'],
        ['ResultsBucket', 'AWS::S3::Bucket', 'results'],
        ['planlog', 'AWS::Logs::LogGroup', 'Clipmill-planlog-1'],
        ['MachineLog', 'AWS::Logs::LogGroup', '/aws/vendedlogs/states/Clipmill'],
        ['plan', 'AWS::Lambda::Function', 'Clipmill-plan-1'],
        ['webhook', 'AWS::Lambda::Function', 'Clipmill-webhook-1'],
        ['uploadQueue', 'AWS::SQS::Queue', queues.uploads],
        ['deadLetters', 'AWS::SQS::Queue', queues.deadLetters]
      ].map(([LogicalResourceId, ResourceType, PhysicalResourceId]) => ({
        LogicalResourceId,
        ResourceType,
        PhysicalResourceId,
        ResourceStatus: 'CREATE_COMPLETE'
      }))
    }),
    GetTemplateCommand: () => ({
      TemplateBody: JSON.stringify({
        Resources: { uploaded: rule('aws.s3', 'uploadQueue'), announced: rule('clipmill', 'webhook') }
      })
    }),
    // Pages of two, so that there is more than one.
    ListExecutionsCommand: (input: { nextToken?: string; statusFilter?: string }) => {
      const from = Number(input.nextToken ?? 0)
      const found = runs.filter(({ status }) => (input.statusFilter ?? status) === status)
      return {
        executions: found.slice(from, from + 2).map(run => ({ ...run, executionArn: execution(run.name) })),
        ...(from + 2 < found.length && { nextToken: String(from + 2) })
      }
    },
    DescribeExecutionCommand: ({ executionArn }: { executionArn: string }) => running(executionArn),
    StopExecutionCommand: ({ executionArn }: { executionArn: string }) =>
      Object.assign(running(executionArn), { status: 'ABORTED', stopDate: new Date() }),
    StartExecutionCommand: ({ name }: { name: string }) => {
      runs.unshift({ name, status: 'RUNNING', startDate: new Date() })
      return { executionArn: execution(name) }
    },
    PutEventsCommand: () => ({ FailedEntryCount: 0 }),
    ...given
  }
  const fake = clientOf(answers, sent)
  const account = {
    region,
    cloudFormation: fake,
    events: fake,
    logs: fake,
    machines: fake,
    quotas: fake,
    sts: fake,
    s3: client
  } as unknown as Account
  const put = (key: string, value: unknown) => context.results.put(key, JSON.stringify(value), json)

  return {
    account,
    results: context.results,
    list,
    put,
    sent,
    /** A job that was begun before those that are there, or, as `number`, begun again. */
    addRun: async (job: Job, status: string, { minutes = 10, number = 1 } = {}) => {
      await put(keys(job.id).job, job)
      const startDate = new Date(Date.now() - minutes * 60_000)
      runs.push({
        name: number === 1 ? job.id : `${job.id}-${number}`,
        status,
        startDate,
        stopDate: status === 'RUNNING' ? undefined : startDate
      })
      runs.sort((a, b) => b.startDate.getTime() - a.startDate.getTime())
    }
  }
}
