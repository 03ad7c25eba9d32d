import { fork, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { Fault } from '../events/faults.ts'
import type { FunctionName, Invocation, WorkerMessage } from './messages.ts'

export interface Workers extends AsyncDisposable {
  /**
   * Runs a function in a worker that is free, or waits for one.
   * @throws Fault what the function threw; step-timeout, worker-lost
   */
  invoke(name: FunctionName, event: unknown, timeoutSeconds: number): Promise<unknown>
}

/** What a worker gets of our environment: enough for node to run, nothing that it need not know. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_OPTIONS', 'NODE_V8_COVERAGE']

/**
 * Keeps `count` worker processes. One that dies or is killed for taking too long is replaced at its next use.
 * @param onMessage announcements, and jobs to start
 */
export const startWorkers = (
  count: number,
  environment: Record<string, string>,
  onMessage: (message: WorkerMessage) => void
): Workers => {
  const env = {
    ...Object.fromEntries(passedOn.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : []))),
    // Without it glibc keeps the memory of every closed session.
    MALLOC_TRIM_THRESHOLD_: '65536',
    ...environment
  }
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const queue: ((worker: ChildProcess) => void)[] = []
  let ids = 0
  let closed = false

  const spawn = () => {
    const worker = fork(new URL(`./worker${path.extname(import.meta.url)}`, import.meta.url), {
      env,
      serialization: 'advanced'
    })
    all.add(worker)
    worker.on('exit', () => {
      all.delete(worker)
      const place = idle.indexOf(worker)
      if (place >= 0) idle.splice(place, 1)
    })
    worker.on('message', (message: WorkerMessage) => {
      if (!('id' in message)) onMessage(message)
    })
    return worker
  }
  for (let i = 0; i < count; i++) idle.push(spawn())
  let places = count - idle.length

  const take = () => {
    const worker = idle.pop()
    if (worker) return Promise.resolve(worker)
    if (places > 0) {
      places--
      return Promise.resolve(spawn())
    }
    return new Promise<ChildProcess>(resolve => queue.push(resolve))
  }
  const giveBack = (worker: ChildProcess) => {
    const usable = worker.connected && worker.exitCode === null && worker.signalCode === null
    const next = queue.shift()
    if (next) next(usable ? worker : spawn())
    else if (usable) idle.push(worker)
    else places++
  }

  const run = (worker: ChildProcess, name: FunctionName, event: unknown, seconds: number) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ids++
      const finish = (act: () => void) => {
        clearTimeout(timer)
        worker.off('message', onAnswer).off('exit', onExit)
        act()
      }
      const onAnswer = (message: WorkerMessage) => {
        if (!('id' in message) || message.id !== id) return
        finish(() => {
          if ('answer' in message) resolve(message.answer)
          else reject(Fault.from(message.fault) ?? new Error(message.fault.message))
        })
      }
      const onExit = (code: number | null, signal: string | null) =>
        finish(() => reject(new Fault('worker-lost', { step: name, reason: signal ?? `exit code ${code}` })))
      const timer = setTimeout(() => {
        worker.off('exit', onExit)
        worker.once('exit', () => finish(() => reject(new Fault('step-timeout', { step: name, seconds }))))
        worker.kill('SIGKILL')
      }, seconds * 1000)
      worker.on('message', onAnswer).on('exit', onExit)
      worker.send({ id, function: name, event, limit: seconds * 1000 } satisfies Invocation)
    })

  return {
    async invoke(name, event, timeoutSeconds) {
      const worker = await take()
      try {
        return await run(worker, name, event, timeoutSeconds)
      } finally {
        if (!closed) giveBack(worker)
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all(
        [...all].map(
          worker =>
            new Promise(resolve => {
              worker.once('exit', resolve)
              worker.kill('SIGKILL')
            })
        )
      )
    }
  }
}
