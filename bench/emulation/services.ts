import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { allows, type Statement } from './permissions.ts'

/** What a service answers: an object, or an error by its name. */
type Answer = object | { __type: string }

interface Told {
  type: string
  detail: Record<string, unknown>
}

interface Execution {
  name: string
  machine: string
  input: string
  done: Promise<void>
  ended: boolean
}

interface ServicesOptions {
  /** Runs a state machine to its end. */
  run: (machine: string, input: object) => Promise<void>
  /** What the roles of those allow who call; each calls below a path of its own name. */
  statements: Record<string, Statement[]>
  onDenied: (what: string) => void
}

/** A state that waits for its token. */
interface Waiting {
  resolve: (output: unknown) => void
  reject: (error: { error: string; cause: string }) => void
}

export interface Services {
  endpoint: string
  /** The events that were put on buses, by bus. */
  told: Record<string, Told[]>
  executions: Execution[]
  /** Gives out a token, and waits for the answer to it. @throws { error, cause } as the answer says */
  waitForToken: (start: (token: string) => void) => Promise<unknown>
  /** What had the token is gone: the state runs out of time. Nothing where it was answered. */
  giveUp: (token: string, cause: string) => void
  heartbeats: number
  close: () => Promise<void>
}

/** What a request asks of a role. */
const needOf = (operation: string, input: Record<string, unknown>) => {
  const [service, name] = operation.split('.')
  if (service === 'AWSEvents') {
    const [{ EventBusName }] = input.Entries as { EventBusName: string }[]
    return {
      action: `events:${name}`,
      resource: `arn:aws:events:us-east-1:000000000000:event-bus/${EventBusName}`
    }
  }
  // Whose token it is is not known to the role's statements; they name all state machines.
  const machine = (input.stateMachineArn ??
    'arn:aws:states:us-east-1:000000000000:stateMachine:any') as string
  return { action: `states:${name}`, resource: machine }
}

/** EventBridge and Step Functions, as much of them as functions call: PutEvents, StartExecution and SendTask…. */
export const startServices = async ({ run, statements, onDenied }: ServicesOptions): Promise<Services> => {
  const told: Services['told'] = {}
  const executions: Execution[] = []
  const tokens = new Map<string, Waiting>()

  const answerToken = (token: string, how: (waiting: Waiting) => void): Answer => {
    const waiting = tokens.get(token)
    if (!waiting) return { __type: 'TaskTimedOut' }
    tokens.delete(token)
    how(waiting)
    return {}
  }
  const operations: Record<string, (input: Record<string, string>) => Answer> = {
    'AWSEvents.PutEvents': input => {
      const { Entries } = input as unknown as { Entries: Record<string, string>[] }
      for (const { EventBusName, Source, DetailType, Detail } of Entries) {
        if (Source !== 'clipmill') return { __type: 'ValidationException' }
        ;(told[EventBusName] ??= []).push({
          type: DetailType,
          detail: JSON.parse(Detail) as Record<string, unknown>
        })
      }
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) }
    },
    'AWSStepFunctions.StartExecution': ({ stateMachineArn: machine, name, input }) => {
      if (!/^[\w-]{1,80}$/.test(name)) return { __type: 'InvalidName' }
      const found = executions.find(execution => execution.name === name && execution.machine === machine)
      if (found && (found.ended || found.input !== input)) return { __type: 'ExecutionAlreadyExists' }
      if (!found) {
        const done = run(machine, JSON.parse(input) as object)
        const execution = { name, machine, input, done, ended: false }
        const end = () => void (execution.ended = true)
        done.then(end, end)
        executions.push(execution)
      }
      return { executionArn: `${machine.replace(':stateMachine:', ':execution:')}:${name}`, startDate: 0 }
    },
    'AWSStepFunctions.SendTaskHeartbeat': ({ taskToken }) => {
      services.heartbeats++
      return tokens.has(taskToken) ? {} : { __type: 'TaskTimedOut' }
    },
    'AWSStepFunctions.SendTaskSuccess': ({ taskToken, output }) =>
      answerToken(taskToken, ({ resolve }) => resolve(JSON.parse(output))),
    'AWSStepFunctions.SendTaskFailure': ({ taskToken, error, cause }) =>
      answerToken(taskToken, ({ reject }) => reject({ error, cause }))
  }

  const server = createServer((request, response) => {
    void (async () => {
      const operation = request.headers['x-amz-target'] as string
      const input = (await json(request)) as Record<string, string>
      const { action, resource } = needOf(operation, input)
      const allowed = allows(statements[request.url!.split('/')[1]], action, resource)
      if (!allowed) onDenied(`${action} ${resource}`)
      const answer = allowed ? operations[operation](input) : { __type: 'AccessDeniedException' }
      response
        .writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(answer))
    })()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')

  const services: Services = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    executions,
    heartbeats: 0,
    waitForToken: start =>
      new Promise((resolve, reject) => {
        const token = randomUUID()
        tokens.set(token, { resolve, reject })
        start(token)
      }),
    giveUp: (token, cause) =>
      void answerToken(token, ({ reject }) => reject({ error: 'States.Timeout', cause })),
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
  return services
}
