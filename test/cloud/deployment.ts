import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Assembly } from '../../bench/emulation/assembly.ts'
import { startContainer } from '../../bench/emulation/container.ts'
import { startGateway, type S3Request } from '../../bench/emulation/gateway.ts'
import { emulate, InvocationError, type EmulatedFunction } from '../../bench/emulation/lambda.ts'
import { matches } from '../../bench/emulation/pattern.ts'
import { startServices, type Services } from '../../bench/emulation/services.ts'
import type { ObjectCreated } from '../../events/upload.ts'
import { createClient, openStorage, type Storage } from '../../functions/shared/storage.ts'
import { startStore } from '../../local/store/store.ts'
import type { Definition } from '../infra/definition.ts'
import { interpret, PlatformError } from '../infra/interpreter.ts'

const region = 'us-east-1'
const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
/** Segments that the map runs side by side. */
const sideBySide = 2

/** One invocation, for a test to meddle with: `call` is e.g. `decode 1` or `infer associate`, `turn` counts from 1. */
export interface Meddling {
  /** Seconds after which it is cut off. */
  timeout?: (call: string, turn: number) => number | undefined
  /** The call that is killed as this request's first bytes have reached the store; of a container, as the request comes. */
  killAt?: (request: S3Request) => string | undefined
}

export interface Deployment extends AsyncDisposable {
  uploads: Storage
  results: Storage
  services: Services
  /** The events of uploads, as the store told them. */
  uploaded: ObjectCreated[]
  /** Delivers an event by the rules of the stack. */
  deliver: (event: ObjectCreated) => Promise<unknown[]>
  /** All invocations in their order. */
  calls: string[]
  /** Errors that the machines saw, each with its call. */
  errors: string[]
  /** What a role did not allow. */
  denied: string[]
  /** By the name of the service. */
  functions: Record<string, EmulatedFunction>
  /** What all functions printed. */
  log: () => string
}

/** A stack as it would stand in an account: its functions in environments as Lambda's, over a store and two services of this machine. */
export const deploy = async (assembly: Assembly, meddling: Meddling = {}): Promise<Deployment> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-cloud-'))
  const { Uploads, Results } = assembly.outputs
  const store = await startStore({
    dir: path.join(folder, 'store'),
    credentials,
    region,
    buckets: [Uploads, Results],
    versioned: [Uploads]
  })
  const client = createClient({ endpoint: store.endpoint, credentials, region })
  const [uploads, results] = [Uploads, Results].map(bucket => openStorage({ bucket, client }))
  let printed = ''
  const log = (text: string) => void (printed += text)

  const calls: string[] = []
  const errors: string[] = []
  const denied: string[] = []
  const onDenied = (what: string) => void denied.push(what)
  const deployed = { ...assembly.functions, ...assembly.jobs }
  const services = await startServices({
    run: (machine, input) => run(machine, input),
    statements: Object.fromEntries(
      Object.entries(deployed).map(([name, { statements }]) => [name, statements])
    ),
    onDenied
  })
  const closings: (() => Promise<unknown>)[] = []

  const besidesOf = (name: string, endpoint: string) => ({
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    CLIPMILL_S3_ENDPOINT: endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: `${services.endpoint}/${name}`,
    AWS_ENDPOINT_URL_SFN: `${services.endpoint}/${name}`
  })

  const functions: Deployment['functions'] = {}
  const kills = new Map<string, () => void>()
  const meddle = (request: S3Request) => {
    const call = meddling.killAt?.(request)
    if (call) kills.get(call)?.()
  }
  for (const [arn, deployed] of Object.entries(assembly.functions)) {
    const { endpoint, close } = await startGateway({
      endpoint: store.endpoint,
      statements: deployed.statements,
      onDenied,
      onBody: meddle
    })
    const besides = besidesOf(arn, endpoint)
    const emulated = emulate(deployed, { most: sideBySide, folder, besides, log })
    functions[deployed.environment.POWERTOOLS_SERVICE_NAME] = emulated
    closings.push(emulated.close, close)
  }

  const invoke = async (arn: string, event: CallEvent) => {
    const name = assembly.functions[arn].environment.POWERTOOLS_SERVICE_NAME
    const call = callOf(name, event)
    calls.push(call)
    const turn = calls.filter(other => other === call).length
    try {
      return await functions[name].invoke(event, {
        timeoutSeconds: meddling.timeout?.(call, turn),
        onStart: kill => kills.set(call, kill)
      })
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      errors.push(`${call}: ${error.name}`)
      throw new PlatformError(error.name, error.cause)
    }
  }

  /** A state that waits for its token: an AWS Batch job, which is a container that runs. */
  const submit = async ({ JobDefinition, JobQueue, ContainerOverrides: { Command } }: BatchParameters) => {
    const job = assembly.jobs[JobDefinition]
    const place = (name: string) => Command[Command.indexOf(name) + 1]
    const call = callOf('batch', {
      stage: place('--stage'),
      ...(Command.includes('--segment') && { segment: Number(place('--segment')) })
    })
    calls.push(call)
    const { endpoint, close } = await startGateway({
      endpoint: store.endpoint,
      statements: job.statements,
      onDenied,
      onRequest: meddle
    })
    try {
      return await services.waitForToken(token => {
        const command = Command.map(argument => (argument === tokenHere ? token : argument))
        const { ended, kill } = startContainer(job.image, command, {
          folder,
          environment: {
            ...job.environment,
            ...batch,
            ...besidesOf(JobDefinition, endpoint),
            CLIPMILL_DEVICE: 'cpu'
          },
          log
        })
        kills.set(call, kill)
        closings.push(() => (kill(), ended))
        void ended.then(async code => {
          if (code === 0) services.giveUp(token, 'the container ended without an answer')
          else await deliver(jobFailed(JobQueue, command, code ?? 137))
        })
      })
    } catch (thrown) {
      const { error, cause } = thrown as { error: string; cause: string }
      errors.push(`${call}: ${error}`)
      throw new PlatformError(error, cause)
    } finally {
      await close()
    }
  }

  const arnOf = (name: string) => Object.keys(assembly.functions).find(arn => arn.endsWith(`:${name}`))!
  const run = async (machine: string, input: object) => {
    const definition = JSON.parse(
      assembly.machines[machine].replaceAll('$$.Task.Token', `'${tokenHere}'`)
    ) as Definition
    const { error } = await interpret(definition, input, {
      invoke: async (name, payload) =>
        name === 'submitJob.waitForTaskToken'
          ? submit(payload as BatchParameters)
          : invoke(arnOf(name), payload),
      readLines: async ({ Key }) =>
        new TextDecoder()
          .decode(await results.get(Key))
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line) as unknown)
    })
    if (error) throw new Error(error)
  }

  const deliver = (event: Record<string, unknown>) =>
    Promise.all(
      assembly.rules
        .filter(({ pattern }) => matches(pattern, event))
        .flatMap(({ targets }) => targets)
        .map(target =>
          target in assembly.queues
            ? invoke(assembly.queues[target], messageOf(event))
            : invoke(target, event as CallEvent)
        )
    )
  const uploaded: ObjectCreated[] = []
  store.onObjectCreated(event => {
    if (event.detail.bucket.name === Uploads) uploaded.push(event)
  })

  return {
    uploads,
    results,
    services,
    uploaded,
    deliver,
    calls,
    errors,
    denied,
    functions,
    log: () => printed,
    async [Symbol.asyncDispose]() {
      await Promise.all(closings.map(close => close()))
      await services.close()
      client.destroy()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** As Lambda hands out what it takes from a queue. */
const messageOf = (event: unknown) => ({
  Records: [{ eventSource: 'aws:sqs', messageId: randomUUID(), body: JSON.stringify(event) }]
})

interface CallEvent {
  stage?: string
  segment?: number
  failure?: unknown
  /** Of a message out of a queue. */
  Records?: object[]
}

const callOf = (name: string, { stage, segment, failure }: CallEvent) =>
  [name, stage, segment, failure === undefined ? undefined : 'failure']
    .filter(part => part !== undefined)
    .join(' ')

interface BatchParameters {
  JobDefinition: string
  JobQueue: string
  ContainerOverrides: { Command: string[] }
}

/** What AWS Batch tells of a job whose container was lost. */
const jobFailed = (jobQueue: string, command: string[], exitCode: number) => ({
  source: 'aws.batch',
  'detail-type': 'Batch Job State Change',
  detail: {
    jobQueue,
    status: 'FAILED',
    statusReason: 'Essential container in task exited',
    container: { command, exitCode }
  }
})

/** Stands for the token in definitions, since the interpreter has none. */
const tokenHere = 'the-token'

/** What AWS Batch sets in a container on EC2. */
const batch = {
  AWS_BATCH_JOB_ID: '00000000-0000-0000-0000-000000000000',
  AWS_BATCH_JOB_ATTEMPT: '1',
  AWS_BATCH_JQ_NAME: 'queue',
  AWS_BATCH_CE_NAME: 'instances',
  AWS_EXECUTION_ENV: 'AWS_ECS_EC2'
}
