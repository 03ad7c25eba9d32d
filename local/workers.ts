import { fork, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Fault } from '../events/faults.ts'
import { turn } from './gate.ts'
import type { FunctionName, Invocation, WorkerMessage } from './messages.ts'

export interface Workers extends AsyncDisposable {
  /**
   * Runs a function in a worker that is free, or waits for one.
   * @param signal ends the invocation and the worker with it, or the wait for one
   * @throws Fault what the function threw; step-timeout, worker-lost
   */
  invoke(name: FunctionName, event: unknown, timeoutSeconds: number, signal?: AbortSignal): Promise<unknown>
}

const never = new AbortController().signal

/** What a worker gets of our environment: enough for node to run, nothing that it need not know. */
const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'TZ',
  'NODE_OPTIONS',
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
  'NODE_V8_COVERAGE'
]

/**
 * Runs functions in at most `count` processes, started as they are needed, one ahead, and kept. One that dies, or is
 * killed for taking too long, makes room for another. Each has a scratch folder of its own, which goes with it.
 * @param onMessage announcements, and jobs to start
 */
export const startWorkers = (
  count: number,
  environment: Record<string, string> & { CLIPMILL_SCRATCH: string },
  onMessage: (message: WorkerMessage) => void
): Workers => {
  const env = {
    // Compiled code is kept between runs, where the command line keeps its own.
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'node-compile-cache'),
    ...Object.fromEntries(passedOn.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : []))),
    // Without it glibc keeps the memory of every closed session.
    MALLOC_TRIM_THRESHOLD_: '65536',
    ...environment
  }
  const alive = new Set<ChildProcess>()
  const idle: ChildProcess[] = []
  const waiting: (() => void)[] = []
  let ids = 0
  let closed = false
  let cleaned = Promise.resolve()

  const spawn = () => {
    const scratch = path.join(environment.CLIPMILL_SCRATCH, `worker-${randomUUID()}`)
    const worker = fork(new URL(`./worker${path.extname(import.meta.url)}`, import.meta.url), {
      env: { ...env, CLIPMILL_SCRATCH: scratch },
      serialization: 'advanced'
    })
    alive.add(worker)
    const gone = () => {
      alive.delete(worker)
      const place = idle.indexOf(worker)
      if (place >= 0) idle.splice(place, 1)
      waiting.shift()?.()
      // Its media process, which ends a moment later, may still write there.
      cleaned = cleaned
        .then(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }))
        .catch(() => undefined)
    }
    worker
      .once('exit', gone)
      // It could not be written to; or could not be started, and then nothing else says that it has ended.
      .on('error', error => worker.kill('SIGKILL') || worker.emit('exit', null, error.message))
    worker.on('message', (message: WorkerMessage) => {
      if (!('id' in message)) onMessage(message)
    })
    return worker
  }

  const take = async (name: FunctionName, signal: AbortSignal): Promise<ChildProcess> => {
    while (!closed && idle.length === 0 && alive.size >= count) await turn(waiting, signal)
    if (closed) throw new Fault('worker-lost', { step: name, reason: 'the workers are closed' })
    const worker = idle.pop() ?? spawn()
    startAhead()
    return worker
  }
  /** Loading the functions takes longer than many an invocation. */
  const startAhead = () => {
    if (idle.length === 0 && alive.size < count) idle.push(spawn())
  }
  const giveBack = (worker: ChildProcess) => {
    if (!alive.has(worker)) return
    idle.push(worker)
    waiting.shift()?.()
  }

  const run = (
    worker: ChildProcess,
    name: FunctionName,
    event: unknown,
    seconds: number,
    signal: AbortSignal
  ) =>
    new Promise<unknown>((resolve, reject) => {
      const lost = (reason: string) => reject(new Fault('worker-lost', { step: name, reason }))
      if (!alive.has(worker)) return lost('it could not be started')
      const id = ids++
      let overdue = false
      const kill = () => worker.kill('SIGKILL')
      const timer = setTimeout(() => {
        overdue = true
        kill()
      }, seconds * 1000)
      signal.addEventListener('abort', kill)
      const finish = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', kill)
        worker.off('message', onAnswer).off('exit', onExit)
      }
      const onAnswer = (message: WorkerMessage) => {
        if (!('id' in message) || message.id !== id) return
        finish()
        if ('answer' in message) resolve(message.answer)
        else reject(Fault.from(message.fault) ?? new Error(message.fault.message))
      }
      const onExit = (code: number | null, how: string | null) => {
        finish()
        if (overdue) reject(new Fault('step-timeout', { step: name, seconds }))
        else lost(how ?? `exit code ${code}`)
      }
      worker.on('message', onAnswer).on('exit', onExit)
      const invocation: Invocation = { id, function: name, event, limit: seconds * 1000 }
      if (worker.connected) worker.send(invocation, error => error && worker.kill('SIGKILL'))
    })

  startAhead()
  return {
    async invoke(name, event, timeoutSeconds, signal = never) {
      const worker = await take(name, signal)
      try {
        signal.throwIfAborted()
        return await run(worker, name, event, timeoutSeconds, signal)
      } finally {
        giveBack(worker)
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      for (const wake of waiting.splice(0)) wake()
      await Promise.all(
        [...alive].map(
          worker =>
            new Promise(resolve => {
              worker.once('exit', resolve)
              worker.kill('SIGKILL')
            })
        )
      )
      await cleaned
    }
  }
}
