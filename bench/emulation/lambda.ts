import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeployedFunction } from './assembly.ts'
import { processesOf } from '../processes.ts'
import { killTree, startIn } from './root.ts'

/** How an invocation ended that has no answer, in Lambda's words; `cause` is what a state machine gets as `Cause`. */
export class InvocationError extends Error {
  override readonly cause: string

  constructor(errorType: string, errorMessage: string, more: object = {}) {
    super(`${errorType}: ${errorMessage}`)
    this.name = errorType
    this.cause = JSON.stringify({ errorType, errorMessage, ...more })
  }
}

interface InvokeOptions {
  /** Instead of the function's own. */
  timeoutSeconds?: number
  /** Called when the environment has the event, with the way to kill it. */
  onStart?: (kill: () => void) => void
}

/** When an environment's process began, when the runtime ran in it, and when the function was loaded: milliseconds since 1970. */
interface Start {
  process: number
  runtime: number
  loaded: number
}

/** One execution environment: a process that takes one event after another. */
interface Environment {
  invoke: (event: unknown, options: InvokeOptions) => Promise<unknown>
  kill: () => void
  ended: Promise<void>
  alive: boolean
  start?: Start
  /** Most memory that all its processes had resident at a time, MB. */
  peakMb: number
}

/** What Lambda sets for a function in Node 24, besides what the template says. */
const reserved = ({ arn, handler, memoryMb }: DeployedFunction, api: string) => ({
  _HANDLER: handler,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: arn.split(':').at(-1)!,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${arn.split(':').at(-1)!}`,
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0',
  AWS_LAMBDA_RUNTIME_API: api,
  AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
  AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH:
    '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  NODE_PATH:
    '/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC'
})

/** Bytes that the variables of a function may have together, and that an event or an answer may have. */
const [mostEnvironment, mostPayload] = [4096, 6 * 1024 ** 2]

/**
 * Starts an execution environment as Lambda lays it out: the function at /var/task, its layers merged at /opt, nothing
 * but /tmp to write to, nothing but Lambda's environment variables.
 * @param besides variables that stand for what is elsewhere here: endpoints, credentials
 * @param log takes what the function prints
 */
const startEnvironment = async (
  deployed: DeployedFunction,
  besides: Record<string, string>,
  folder: string,
  log: (text: string) => void
): Promise<Environment> => {
  const size = Object.entries(deployed.environment).flat().join('').length
  if (size > mostEnvironment) throw new Error(`the environment of ${deployed.arn} has ${size} bytes`)

  let current:
    | {
        id: string
        event: string
        deadline: number
        resolve: (answer: unknown) => void
        reject: (error: Error) => void
      }
    | undefined
  let handedOut: string | undefined
  let next: ServerResponse | undefined

  const handOut = () => {
    if (!current || !next || handedOut === current.id) return
    handedOut = current.id
    next
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': current.id,
        'lambda-runtime-deadline-ms': String(current.deadline),
        'lambda-runtime-invoked-function-arn': deployed.arn,
        'lambda-runtime-trace-id': `Root=1-00000000-${current.id.replaceAll('-', '').slice(0, 24)};Parent=${current.id.slice(0, 8)}00000000;Sampled=1`
      })
      .end(current.event)
    next = undefined
  }
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url!
    if (url.endsWith('/invocation/next')) {
      const at = (name: string) => Number(request.headers[`x-${name}`])
      environment.start ??= { process: at('process'), runtime: at('runtime'), loaded: at('loaded') }
      next = response
      handOut()
      return
    }
    const body = await json(request)
    response.writeHead(202).end('{"status":"OK"}')
    const ended = current
    current = undefined
    if (url.endsWith('/response')) {
      const bytes = Buffer.byteLength(JSON.stringify(body))
      if (bytes <= mostPayload) ended?.resolve(body)
      else ended?.reject(new InvocationError('Function.ResponseSizeTooLarge', `${bytes} bytes`))
    } else {
      const { errorType, errorMessage, ...more } = body as { errorType: string; errorMessage: string }
      ended?.reject(new InvocationError(errorType, errorMessage, more))
    }
  }
  const server = createServer((request, response) => void take(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const api = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const root = mkdtempSync(path.join(folder, 'root-'))
  const share = (part: number) => Math.round(deployed.memoryMb * part)
  const child = startIn(
    {
      folder: root,
      mounts: {
        '/var/lang/bin/node': [process.execPath],
        '/var/runtime/bootstrap.ts': [path.join(import.meta.dirname, 'bootstrap.ts')],
        '/var/task': [deployed.task],
        ...(deployed.layers.length > 0 && { '/opt': deployed.layers })
      },
      storageMb: deployed.storageMb
    },
    [
      '/var/lang/bin/node',
      `--max-old-space-size=${share(0.9)}`,
      `--max-semi-space-size=${share(0.05)}`,
      '/var/runtime/bootstrap.ts'
    ],
    { env: { ...reserved(deployed, api), ...deployed.environment, ...besides }, cwd: '/var/task' }
  )
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', log)

  const environment: Environment = {
    alive: true,
    peakMb: 0,
    kill: () => {
      environment.alive = false
      killTree(child.pid!)
    },
    ended: once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
      environment.alive = false
      fail(
        'Runtime.ExitError',
        `Error: Runtime exited with error: ${signal === null ? `exit status ${code}` : `signal: ${signal}`}`
      )
      server.close()
      server.closeAllConnections()
      rmSync(root, { recursive: true, force: true })
    }),
    invoke: (event, { timeoutSeconds = deployed.timeoutSeconds, onStart }) =>
      new Promise((resolve, reject) => {
        const id = randomUUID()
        const text = JSON.stringify(event)
        const overdue = setTimeout(() => {
          fail('Sandbox.Timedout', `Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`)
          environment.kill()
        }, timeoutSeconds * 1000)
        const settle =
          <Of>(then: (of: Of) => void) =>
          (of: Of) => {
            clearTimeout(overdue)
            then(of)
          }
        current = {
          id,
          event: text,
          deadline: Date.now() + timeoutSeconds * 1000,
          resolve: settle(resolve),
          reject: settle(reject)
        }
        handOut()
        onStart?.(environment.kill)
      })
  }
  const fail = (type: string, message: string) => {
    const failed = current
    current = undefined
    failed?.reject(new InvocationError(type, `RequestId: ${failed.id} ${message}`))
  }
  const watch = async () => {
    while (environment.alive) {
      const resident = processesOf(child.pid!).reduce((sum, { resident }) => sum + resident, 0) / 1024 ** 2
      environment.peakMb = Math.max(environment.peakMb, resident)
      if (resident > deployed.memoryMb) {
        fail('Runtime.OutOfMemory', 'Error: Runtime exited with error: signal: killed')
        environment.kill()
      }
      await sleep(100)
    }
  }
  void watch()
  return environment
}

export interface EmulatedFunction {
  /** @throws InvocationError what the handler threw, or how the platform ended it */
  invoke: (event: unknown, options?: InvokeOptions) => Promise<unknown>
  /** Environments that were started so far. */
  readonly started: number
  /** Most memory that one environment had resident, MB. */
  readonly peakMb: number
  /** Of the environment that was started last. */
  readonly start: Start | undefined
  close: () => Promise<void>
}

/** A function with at most `most` environments, which are started as they are needed and kept warm. */
export const emulate = (
  deployed: DeployedFunction,
  {
    most,
    folder,
    besides,
    log
  }: { most: number; folder: string; besides: Record<string, string>; log: (text: string) => void }
): EmulatedFunction => {
  const all: Environment[] = []
  const idle: Environment[] = []
  let busy = 0
  return {
    async invoke(event, options = {}) {
      if (busy >= most) throw new InvocationError('Lambda.TooManyRequestsException', 'Rate Exceeded.')
      busy++
      try {
        let environment = idle.pop()
        while (environment && !environment.alive) environment = idle.pop()
        if (!environment) {
          environment = await startEnvironment(deployed, besides, folder, log)
          all.push(environment)
        }
        try {
          return await environment.invoke(event, options)
        } finally {
          if (environment.alive) idle.push(environment)
        }
      } finally {
        busy--
      }
    },
    get started() {
      return all.length
    },
    get peakMb() {
      return Math.max(0, ...all.map(({ peakMb }) => peakMb))
    },
    get start() {
      return all.at(-1)?.start
    },
    async close() {
      for (const environment of all) environment.kill()
      await Promise.all(all.map(({ ended }) => ended))
    }
  }
}
