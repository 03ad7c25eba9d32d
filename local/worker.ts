/** A process that runs the functions' handlers as Lambda would: one invocation at a time, context from the environment. */
import { mkdirSync } from 'node:fs'
import module from 'node:module'
import type { Context as LambdaContext } from 'aws-lambda'
import { Fault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { environmentContext } from '../functions/shared/environment.ts'
import type { FunctionName, Invocation, WorkerMessage } from './messages.ts'

// Ours alone: whoever started us removes it when we are gone.
mkdirSync(process.env.CLIPMILL_SCRATCH!, { recursive: true })

// Whoever started us is gone or wants us gone. Nothing needs a tidy end: state lies in storage, children end with their
// parent.
const end = () => process.kill(process.pid, 'SIGKILL')
const send = (message: WorkerMessage) => void process.send?.(message, error => error && end())

const open = environmentContext({
  announce: announcement => Promise.resolve(send({ announcement })),
  measure: () => undefined
})
const openIntake = (lambda: LambdaContext) => ({
  ...open(lambda),
  start: (job: Job) => Promise.resolve(send({ start: job }))
})

const handlers: Record<FunctionName, () => Promise<(event: unknown, lambda: LambdaContext) => unknown>> = {
  intake: async () => (await import('../functions/intake/handler.ts')).intakeHandler(openIntake),
  plan: async () => (await import('../functions/plan/handler.ts')).planHandler(open),
  decode: async () => (await import('../functions/decode/handler.ts')).decodeHandler(open),
  infer: async () => (await import('../functions/infer/handler.ts')).inferHandler(open),
  render: async () => (await import('../functions/render/handler.ts')).renderHandler(open),
  store: async () => (await import('../functions/store/handler.ts')).storeHandler(open)
}

process.on('message', ({ id, function: name, event, limit }: Invocation) => {
  const end = performance.now() + limit
  const lambda = {
    functionName: name,
    awsRequestId: String(id),
    getRemainingTimeInMillis: () => Math.max(0, end - performance.now())
  } as LambdaContext
  const run = async () => {
    const handler = await handlers[name]()
    return handler(event, lambda)
  }
  run().then(
    answer => send({ id, answer }),
    (error: unknown) => send({ id, fault: Fault.of(error).toJSON() })
  )
})

// Ctrl-C reaches the whole group of processes; the runner decides what ends.
process.on('SIGINT', () => undefined)
process.on('disconnect', end)

// Ahead of the first invocation of each; what was compiled is written at once, since workers end by being killed.
for (const load of Object.values(handlers)) await load()
module.flushCompileCache()
