import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openAccount } from '../../cli/cloud/account.ts'
import { asked } from '../../cli/cloud/asked.ts'
import { runCdk } from '../../cli/cloud/cdk.ts'
import { cancelJob, controlLines, retryJob } from '../../cli/cloud/control.ts'
import { fateLines, readFate } from '../../cli/cloud/destroy.ts'
import { jobsLines, listJobs } from '../../cli/cloud/jobs.ts'
import { formLines, makeForm } from '../../cli/cloud/form.ts'
import { linksLines, makeLinks, secondsOf } from '../../cli/cloud/links.ts'
import { logsLines, readLogs } from '../../cli/cloud/logs.ts'
import { readOptions } from '../../cli/cloud/options.ts'
import { readPolicy } from '../../cli/cloud/policies.ts'
import { readStack } from '../../cli/cloud/stack.ts'
import { readStatus, statusLines } from '../../cli/cloud/status.ts'
import { putModels, storedModels } from '../../cli/cloud/stored-models.ts'
import { deployedLines } from '../../cli/deploy.ts'
import { Fault } from '../../events/faults.ts'
import { keys } from '../../functions/shared/keys.ts'
import { formatSegments } from '../../functions/shared/segments.ts'
import { clipmill, temporaryFolder } from '../e2e/cli.ts'
import { awsError, jobOf, machine, makeAccount, manifestOf } from './cloud-account.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(jobOf)
const timeout = new Fault('step-timeout', { step: 'decode', seconds: 900 }).toJSON()

/** An account, the deployment in it, and what the two know. */
const deployed = async (...given: Parameters<typeof makeAccount>) => {
  const world = await makeAccount(...given)
  return { ...world, stack: await readStack(world.account, 'Clipmill') }
}
/** Commands that changed something. */
const changes = (sent: { command: string; input: object }[]) =>
  sent.filter(({ command }) => /^(Start|Stop|Put)/.test(command))

it('a deployment is known by the outputs of its stack', async () => {
  const { account, stack } = await deployed()
  expect(stack).toMatchObject({ uploads: 'uploads', results: 'results', machines: { 'track-many': machine } })
  await expect(readStack(account, 'Other')).rejects.toMatchObject({
    code: 'stack-missing',
    details: { stack: 'Other', region: 'eu-west-1' }
  })
  await expect(readStack(account, 'no name')).rejects.toMatchObject({ code: 'usage-wrong' })
})

it('a stack that is not whole, or not of clipmill, is none', async () => {
  const { account } = await makeAccount({
    DescribeStacksCommand: () => ({ Stacks: [{ StackStatus: 'ROLLBACK_COMPLETE' }] })
  })
  await expect(readStack(account, 'Clipmill')).rejects.toMatchObject({
    code: 'stack-missing',
    details: { state: 'ROLLBACK_COMPLETE' }
  })
})

describe('what AWS, the SDK or the network has against a request is a fault', () => {
  const fault = (error: unknown) => asked('do it', () => Promise.reject(error as Error))

  it.each([
    ['ExpiredToken', 400, 'session-expired'],
    ['UnrecognizedClientException', 400, 'credentials-invalid'],
    ['AccessDeniedException', 400, 'cloud-denied'],
    ['AnyName', 403, 'cloud-denied'],
    ['StateMachineDoesNotExist', 400, 'cloud-refused'],
    ['ThrottlingException', 400, 'cloud-unavailable'],
    ['AnyName', 503, 'cloud-unavailable']
  ])('%s with status %i: %s', async (name, status, code) => {
    await expect(fault(awsError(name, status))).rejects.toMatchObject({
      code,
      details: { action: 'do it', reason: name }
    })
  })

  it("a missing right comes in AWS's words, which name it and the resource", async () => {
    const said = 'User: me is not authorized to perform: states:ListExecutions on resource: TrackMany'
    const error = Object.assign(awsError('AccessDeniedException'), { message: said })
    await expect(fault(error)).rejects.toMatchObject({ code: 'cloud-denied', details: { said } })
  })

  it('a fault that came about within, and an error of nobody there, stay what they are', async () => {
    const own = [new Fault('port-in-use', { port: 1 }), new TypeError('a bug')]
    for (const error of own) await expect(fault(error)).rejects.toBe(error)
  })

  it('a connection that does not come about is told with its host', async () => {
    const network = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'states.mars-1.amazonaws.com' }
    await expect(fault(Object.assign(new Error('…'), network))).rejects.toMatchObject({
      code: 'cloud-unreachable',
      details: { reason: 'ENOTFOUND', host: network.hostname }
    })
    const tls = Object.assign(new Error('…'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    await expect(fault(tls)).rejects.toMatchObject({ code: 'cloud-unreachable' })
  })

  it.each([200, 302, 403, 503])('a web page with status %i, from a real client', async status => {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<!DOCTYPE html><p>Sign in<br></p>')
    }).listen(0)
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const client = {
      endpoint: `http://localhost:${port}`,
      region: 'eu-west-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' }
    }
    const requests = [
      () => new STSClient(client).send(new GetCallerIdentityCommand()),
      () => new SFNClient(client).send(new ListExecutionsCommand({ stateMachineArn: machine }))
    ]
    for (const request of requests)
      await expect(asked('do it', request)).rejects.toMatchObject({
        code: 'cloud-unreadable',
        details: { status }
      })
  })
})

describe('profiles', () => {
  /** AWS's two files with that in them, and the profile chosen. */
  const choose = async (profile: string, config: string, credentials = '') => {
    const folder = temporaryFolder()
    const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials }
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name)
      await writeFile(file, text)
      vi.stubEnv(name, file)
    }
    vi.stubEnv('AWS_PROFILE', profile)
    vi.stubEnv('AWS_REGION', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
  }

  it('one that is in neither file is missing, whatever credentials there are besides', async () => {
    await choose('mine', '[default]\n[profile "work"]\nregion = eu-west-1\n[sso-session mine]', '[old]')
    await expect(openAccount()).rejects.toMatchObject({
      code: 'profile-missing',
      details: { profile: 'mine', profiles: ['default', 'work', 'old'] }
    })
  })

  it('gives the region, or lacks it', async () => {
    await choose('work', '[profile work]\nregion = eu-west-3')
    expect((await openAccount()).region).toBe('eu-west-3')
    await choose('bare', '', '[bare]\naws_access_key_id = a')
    await expect(openAccount()).rejects.toMatchObject({
      code: 'region-missing',
      details: { profile: 'bare' }
    })
    await choose('', '[profile work]')
    await expect(openAccount()).rejects.toMatchObject({
      code: 'region-missing',
      details: { profile: 'default' }
    })
  })

  it('where one signs in by a browser, credentials that are not there ran out', async () => {
    const ask = () => asked('do it', () => Promise.reject(awsError('CredentialsProviderError', 0)))
    await choose('plain', '[profile plain]\nregion = eu-west-1\n[profile work]\nsso_session = s')
    await expect(ask()).rejects.toMatchObject({ code: 'credentials-missing', details: { profile: 'plain' } })
    vi.stubEnv('AWS_PROFILE', 'work')
    await expect(ask()).rejects.toMatchObject({
      code: 'session-expired',
      next: 'sign in again: aws sso login --profile work'
    })
  })
})

it('deploy ends with where clips go', async () => {
  const { stack } = await deployed()
  expect(deployedLines(stack)).toContain('  aws s3 cp clip.mp4 s3://uploads/track-many/clip.mp4')
  expect(deployedLines({ ...stack, name: 'Mine' }).at(-1)).toContain('clipmill cloud jobs --stack Mine')
})

it('a command of the CDK that fails does so with what it said last', async () => {
  const failed = runCdk('synth', ['--quiet'], 'Clipmill', ['retention=perhaps'])
  const fault = await failed.then(
    () => undefined,
    (error: unknown) => error as Fault<'cdk-failed'>
  )
  expect(fault).toMatchObject({ code: 'cdk-failed', exit: 8, details: { command: 'synth', exit: 1 } })
  expect(fault?.details.said.join('\n')).toMatch(/retention: choose "keep" or "destroy"/)
})

describe('deploy knows what it was asked for before it asks the account', () => {
  it('options come from -c, over cdk.json', async () => {
    expect(
      await readOptions(['retention=keep', 'models=yolox-s,yolox-m', 'retention=destroy'])
    ).toMatchObject({
      retention: 'destroy',
      models: ['yolox-s', 'yolox-m']
    })
  })

  it.each([
    [['retention'], 'usage-wrong', 'problem', /name=value/],
    [['retention=keep', 'stackName=Mine'], 'usage-wrong', 'problem', /--stack/],
    [['retention=keep', 'sizes=large'], 'deployment-invalid', 'problems.0', /sizes/],
    [['retention=keep', 'size=huge'], 'deployment-invalid', 'problems.0', /size/],
    [[], 'deployment-invalid', 'problems.0', /retention/]
  ])('%j: %s', async (context, code, where, problem) => {
    const fault = await readOptions(context).catch((error: unknown) => error)
    expect(fault).toMatchObject({ code })
    expect(fault).toHaveProperty(`details.${where}`, expect.stringMatching(problem))
  })

  it.each([
    [['--stack', 'no name', '-c', 'retention=keep'], 'usage-wrong'],
    [['-c', 'retention=keep', '--require-approval', 'sometimes'], 'usage-wrong'],
    [['-c', 'retention=keep', '-c', 'tasks=juggle'], 'deployment-invalid'],
    [['-c', 'retention=keep'], 'profile-missing']
  ])('%j: %s', async (args, code) => {
    vi.stubEnv('AWS_PROFILE', 'nobody')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { stdout } = await clipmill('deploy', '--json', ...args)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } })
  })
})

it('status counts what runs, and how the jobs of the last day ended', async () => {
  const { account, stack, addRun } = await deployed()
  await addRun(a, 'RUNNING', { minutes: 2 * 24 * 60 })
  await addRun(b, 'SUCCEEDED')
  await addRun(c, 'FAILED')
  await addRun(d, 'FAILED', { minutes: 2 * 24 * 60 + 1 })
  const lines = statusLines(await readStatus(account, stack))
  expect(lines[0]).toBe('Clipmill  UPDATE_COMPLETE  eu-west-1')
  expect(lines.at(-1)).toBe('  track-many  1 running; of the last day 1 done, 1 failed, 0 cancelled')
})

it('jobs are listed newest first, each as its newest execution left it', async () => {
  const { account, stack, put, addRun } = await deployed()
  await addRun(a, 'RUNNING', { minutes: 1 })
  await addRun(b, 'FAILED', { minutes: 30 })
  await addRun(b, 'SUCCEEDED', { minutes: 20, number: 2 })
  await put(`${b.results}manifest.json`, manifestOf(b, [{ first: 0, last: 59, fault: timeout }]))
  await addRun(c, 'ABORTED', { minutes: 24 * 60 * 3 })
  await addRun(d, 'SUCCEEDED', { minutes: 60 })
  await put(`${d.results}manifest.json`, manifestOf(d))

  const all = await listJobs(account, stack, { last: 50 })
  expect(all.map(({ id, state }) => [id, state])).toEqual([
    [a.id, 'running'],
    [b.id, 'partial'],
    [d.id, 'completed'],
    [c.id, 'cancelled']
  ])
  expect(jobsLines(all)[3]).toMatch(new RegExp(`^${c.id}  cancelled  \\S+  track-many/c.mp4  3 d ago$`))

  expect((await listJobs(account, stack, { last: 2 })).map(({ id }) => id)).toEqual([a.id, b.id])
  expect((await listJobs(account, stack, { last: 1, state: 'completed' })).map(({ id }) => id)).toEqual([
    d.id
  ])
  expect(await listJobs(account, stack, { last: 5, state: 'failed' })).toEqual([])
})

it('of a job whose work was removed, what its results say is known', async () => {
  const { account, stack, put, results, addRun } = await deployed()
  await addRun(a, 'SUCCEEDED')
  await put(`${a.results}manifest.json`, manifestOf(a))
  await addRun(b, 'FAILED', { minutes: 20 })
  for (const { id } of [a, b]) await results.delete(keys(id).job)
  expect(await listJobs(account, stack, { last: 50 })).toMatchObject([
    { id: a.id, key: 'track-many/a.mp4' },
    { id: b.id, key: undefined }
  ])
})

it('cancel stops the execution and announces that', async () => {
  const { account, stack, sent, addRun } = await deployed()
  await addRun(a, 'RUNNING')
  expect(controlLines([await cancelJob(account, stack, a.id.slice(0, 14))])).toEqual([`${a.id}  cancelled`])
  expect(changes(sent)).toMatchObject([
    { command: 'StopExecutionCommand', input: { executionArn: expect.stringContaining(a.id) as string } },
    {
      command: 'PutEventsCommand',
      input: { Entries: [{ EventBusName: 'Bus', DetailType: 'job.cancelled' }] }
    }
  ])
  expect(await listJobs(account, stack, { last: 1 })).toMatchObject([{ state: 'cancelled' }])
})

it('what has ended is not cancelled, also where it ends meanwhile', async () => {
  const ended = await deployed()
  await ended.addRun(a, 'SUCCEEDED')
  await expect(cancelJob(ended.account, ended.stack, a.id)).rejects.toMatchObject({
    code: 'job-state',
    details: { state: 'completed', wish: 'cancelled' },
    next: `clipmill cloud logs ${a.id} tells more`
  })
  const ending = await deployed({
    StopExecutionCommand: () => ({}),
    DescribeExecutionCommand: () => ({ status: 'FAILED' })
  })
  await ending.addRun(a, 'RUNNING')
  await expect(cancelJob(ending.account, ending.stack, a.id)).rejects.toMatchObject({
    code: 'job-state',
    details: { state: 'failed' }
  })
  expect(ending.sent.map(({ command }) => command)).not.toContain('PutEventsCommand')
})

it('a job is named by the beginning of its id, if only one begins so', async () => {
  const { account, stack, addRun } = await deployed()
  await addRun(a, 'RUNNING')
  await addRun(b, 'RUNNING')
  for (const [beginning, found] of [
    ['track', 2],
    ['pose-', 0]
  ] as const)
    await expect(cancelJob(account, stack, beginning)).rejects.toMatchObject({
      code: 'job-unknown',
      details: { found },
      next: expect.stringContaining('clipmill cloud jobs') as string
    })
})

it('retry makes storage ready and begins the job anew under another name', async () => {
  const { account, stack, put, list, sent, addRun } = await deployed()
  await addRun(a, 'FAILED', { minutes: 30 })
  await addRun(a, 'FAILED', { number: 2 })
  await put(keys(a.id).missing(1), timeout)
  await put(`${a.results}error.json`, { job: a.id, ...timeout })
  expect(await retryJob(account, stack, a.id)).toMatchObject({ id: a.id, state: 'running' })
  expect(changes(sent)).toEqual([
    {
      command: 'StartExecutionCommand',
      input: { stateMachineArn: machine, name: `${a.id}-3`, input: `{"job":"${a.id}"}` }
    }
  ])
  expect(await list(keys(a.id).missings)).toEqual([])
  expect(await list(a.results)).toEqual([])
})

it.each(['RUNNING', 'SUCCEEDED'])('retry leaves a job alone whose execution is %s', async status => {
  const { account, stack, sent, addRun } = await deployed()
  await addRun(a, status)
  await expect(retryJob(account, stack, a.id)).rejects.toMatchObject({ code: 'job-state' })
  expect(changes(sent)).toEqual([])
})

it('retry says where the work of a job was removed', async () => {
  const { account, stack, results, addRun } = await deployed()
  await addRun(a, 'FAILED')
  await results.delete(keys(a.id).job)
  await expect(retryJob(account, stack, a.id)).rejects.toMatchObject({ code: 'object-missing' })
})

it('logs are those of the job, with what went wrong, where that stands, and how to mend it', async () => {
  const line = (more: object) =>
    JSON.stringify({ level: 'INFO', message: 'done', service: 'decode', job: a.id, ...more })
  const { account, stack, put, results, sent, addRun } = await deployed({
    FilterLogEventsCommand: ({ nextToken }: { nextToken?: string }) =>
      nextToken === undefined
        ? {
            nextToken: 'more',
            events: [
              {
                timestamp: 2000,
                logStreamName: '2026/11/24/[$LATEST]1',
                message: line({ level: 'ERROR', message: timeout.message, segment: 1, fault: timeout })
              },
              { timestamp: 1500, logStreamName: 's', message: 'REPORT RequestId: 1' }
            ]
          }
        : { events: [{ timestamp: 1000, logStreamName: 's', message: line({ segment: 0 }) }] }
  })
  await addRun(a, 'SUCCEEDED')
  await put(`${a.results}manifest.json`, manifestOf(a, [{ first: 60, last: 119, fault: timeout }]))
  await put(keys(a.id).missing(1), timeout)
  const segments = [0, 1].map(index => ({
    index,
    firstFrame: index * 60,
    frames: 60,
    from: index * 60,
    entry: 0
  }))
  await results.put(keys(a.id).segments, formatSegments(segments), { contentType: 'text/plain' })

  const logs = await readLogs(account, stack, a.id)
  expect(sent.filter(({ command }) => command === 'FilterLogEventsCommand')).toMatchObject(
    Array(2).fill({
      input: { logGroupName: 'Clipmill-planlog-1', filterPattern: `{ $.job = "${a.id}" }` }
    })
  )
  const log =
    'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/Clipmill-planlog-1/log-events/2026$252F11$252F24$252F$255B$2524LATEST$255D1'
  expect(logsLines(logs, ' --stack Mine').slice(2)).toEqual([
    '  1970-01-01T00:00:01.000Z  decode segment 0  INFO  done',
    `  1970-01-01T00:00:02.000Z  decode segment 1  ERROR  ${timeout.message}`,
    `  segment 1 was given up, so frames 60 to 119 are missing: step-timeout: ${timeout.message}`,
    `    ${timeout.next}`,
    `    log: ${log}`,
    `  to do only what is missing: clipmill cloud retry ${a.id} --stack Mine`
  ])
})

it('logs of a deployment with a group of its own are there, and may be read', async () => {
  const groups: string[] = []
  const { account, addRun } = await makeAccount(
    {
      FilterLogEventsCommand: ({ logGroupName }: { logGroupName: string }) => {
        groups.push(logGroupName)
        return { events: [] }
      }
    },
    { LogGroup: '/mine' }
  )
  const stack = await readStack(account, 'Clipmill')
  await addRun(a, 'SUCCEEDED')
  await readLogs(account, stack, a.id)
  expect(groups).toEqual(['Clipmill-planlog-1', '/mine'])
  const { Statement } = await readPolicy(account, stack)
  expect(Statement.find(({ Sid }) => Sid === 'ReadLogs')?.Resource).toContain(
    'arn:aws:logs:eu-west-1:123456789012:log-group:/mine:*'
  )
})

it('logs of a job that failed say what ended it', async () => {
  const { account, stack, put, addRun } = await deployed({ FilterLogEventsCommand: () => ({ events: [] }) })
  await addRun(a, 'FAILED')
  await put(`${a.results}error.json`, { job: a.id, ...timeout })
  expect((await readLogs(account, stack, a.id)).failures).toEqual([{ fault: timeout, log: undefined }])
})

it('links let anybody download the results', async () => {
  const { account, stack, put, results, addRun } = await deployed()
  await addRun(a, 'SUCCEEDED')
  const manifest = manifestOf(a)
  await put(`${a.results}manifest.json`, manifest)
  const [{ name }] = manifest.files
  await results.put(`${a.results}${name}`, '1,2,3', { contentType: 'text/csv' })

  const links = await makeLinks(account, stack, a.id, 60)
  expect(links.files.map(file => file.name)).toEqual(manifest.files.map(file => file.name))
  expect(await (await fetch(links.files[0].link)).text()).toBe('1,2,3')
  expect(linksLines(links)[1]).toContain('X-Amz-Expires=60')
  expect(Date.parse(links.until) - Date.now()).toBeLessThanOrEqual(60_000)

  await addRun(b, 'FAILED')
  await expect(makeLinks(account, stack, b.id, 60)).rejects.toMatchObject({
    code: 'job-state',
    details: { state: 'failed', wish: 'linked to' }
  })
})

it('a form takes one clip, of the size and the type that were given', async () => {
  const { account, stack } = await deployed()
  const asked = { key: 'track-many/party.mp4', type: 'video/', most: 10, expires: 60 }
  const { url, fields } = await makeForm(account, stack, asked)
  const post = (content: string, type: string) => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ ...fields, 'Content-Type': type })) form.set(name, value)
    form.set('file', new Blob([content]))
    return fetch(url, { method: 'POST', body: form })
  }
  expect((await post('0123456789', 'video/mp4')).status).toBe(204)
  expect((await post('0123456789+', 'video/mp4')).status).toBe(400)
  expect((await post('0123456789', 'text/html')).status).toBe(403)
  expect(formLines({ url, fields })[0]).toMatch(/^curl -F .*'key=track-many\/party\.mp4'.* -F 'file=@clip/)
})

it('links are good for a time as people say it', () => {
  expect(['90', '90s', '15m', '1h', '7d'].map(secondsOf)).toEqual([90, 90, 900, 3600, 604_800])
  for (const wrong of ['', '0', '1 h', '8d', '-1', '1w'])
    expect(() => secondsOf(wrong)).toThrow(expect.objectContaining({ code: 'usage-wrong' }) as Error)
})

it('destroy tells what goes, what stays and what that costs, and what has to be emptied', async () => {
  const template = {
    Resources: {
      UploadsBucket: { DeletionPolicy: 'Retain' },
      ResultsBucket: { DeletionPolicy: 'Delete' },
      plan: {}
    }
  }
  const { account } = await makeAccount({
    GetTemplateCommand: () => ({ TemplateBody: JSON.stringify(template) })
  })
  const gb = 1024 ** 3
  const s3 = {
    send: ({ input }: { input: { Bucket: string; KeyMarker?: string } }) =>
      Promise.resolve(
        input.Bucket === 'uploads' && input.KeyMarker === undefined
          ? { Versions: [{ Size: 60 * gb }], IsTruncated: true, NextKeyMarker: 'k' }
          : { Versions: [{ Size: 40 * gb }] }
      )
  }
  const fate = await readFate({ ...account, s3: s3 as never }, 'Clipmill')
  expect(fate.goes.map(({ id }) => id)).toContain('Clipmill-plan-1')
  expect(fate.stays).toEqual([{ type: 'AWS::S3::Bucket', id: 'uploads', bytes: 100 * gb, objects: 2 }])
  expect(fate.toEmpty.map(({ id }) => id)).toEqual(['results'])
  expect(fate.dollarsAMonth).toBeCloseTo(2.3)
  expect(fateLines(fate).at(-1)).toMatch(/^what stays costs \$2\.30 a month/)

  await expect(readFate(account, 'Other')).rejects.toMatchObject({ code: 'stack-missing' })
})

it('models that no layer takes are put into the model store, each file once', async () => {
  const { results, put } = await makeAccount()
  const folder = temporaryFolder()
  for (const name of ['manifest.json', 'model.onnx', 'model.weights'])
    await writeFile(path.join(folder, name), `content of ${name}`)
  // What broke off is replaced.
  await put('models/d1/model.onnx', 'half')
  const all = ['manifest.json', 'model.onnx', 'model.weights'].map(name => `models/d1/${name}`)
  expect(await putModels(results, { d1: folder })).toEqual(all)
  expect(await putModels(results, { d1: folder })).toEqual([])
  expect(new TextDecoder().decode(await results.get('models/d1/model.onnx'))).toBe('content of model.onnx')
})

it('deploy puts the models there of what is deployed where nobody names tasks', () => {
  expect(storedModels({ retention: 'keep', stackName: 'Clipmill' })).toEqual({})
}, 120_000)
