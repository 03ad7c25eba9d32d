import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { TensorData } from '../../models/graph/index.ts'

/** What a model runs on: processors, or a GPU by NVIDIA's CUDA, of which the runtime must have been installed with its libraries. */
export const devices = ['cpu', 'cuda'] as const
export type Device = (typeof devices)[number]

export type Feeds = Readonly<Record<string, TensorData>>
export type Outputs = Readonly<Record<string, TensorData>>

// The runtime's own builds report usage to its maker unless told not to before they are loaded. Nothing here does.
process.env.ORT_DISABLE_TELEMETRY = '1'

/** What the thread opens, and how. */
export interface SessionSettings {
  file: string
  threads: number
  device: Device
  arena: boolean
}

/** What the thread is asked, and what it answers. */
export type SessionRequest = { id: number; feeds: Feeds }
export type SessionAnswer =
  | { ready: true }
  | { id: number; outputs: Outputs; seconds: number }
  | { id: number; failed: string }
  | { broken: string }

export interface Session extends AsyncDisposable {
  /**
   * One run. The buffers of `feeds` move to the session's thread and are gone for the caller.
   * @throws Error with the runtime's words where names, types or shapes do not fit the model
   */
  run(feeds: Feeds): Promise<Outputs>
  /** Seconds spent in the model so far. */
  readonly seconds: number
  /** False once its thread has ended: every further run fails. */
  readonly alive: boolean
}

/**
 * Opens a session on `<directory>/<graph>.onnx` in a thread of its own: the runtime's `run` blocks the thread that calls it.
 * Keep one session for a process and graph.
 * @param graph of a model that has several
 * @param device where the model runs; operators that the GPU lacks run on the processor
 * @param arena whether it keeps memory for the next run; the model's record says where it should not
 * @param threads within the model; spinning is off, since decoding wants the cores in between
 */
export const openSession = async (
  directory: string,
  {
    graph = 'model',
    threads = availableParallelism(),
    device = 'cpu',
    arena = true
  }: { graph?: string; threads?: number; device?: Device; arena?: boolean | undefined } = {}
): Promise<Session> => {
  const worker = new Worker(new URL(`./session-thread${path.extname(import.meta.url)}`, import.meta.url), {
    workerData: {
      file: path.join(directory, `${graph}.onnx`),
      threads,
      device,
      arena
    } satisfies SessionSettings
  })
  const waiting = new Map<number, { resolve: (outputs: Outputs) => void; reject: (error: Error) => void }>()
  let count = 0
  let seconds = 0
  let ended: Error | undefined

  const ready = Promise.withResolvers<undefined>()
  const end = (error: Error) => {
    ended = error
    ready.reject(error)
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', (answer: SessionAnswer) => {
    if ('ready' in answer) return ready.resolve(undefined)
    if ('broken' in answer) return end(new Error(answer.broken))
    const run = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('failed' in answer) return run?.reject(new Error(answer.failed))
    seconds += answer.seconds
    run?.resolve(answer.outputs)
  })
  worker.on('error', end)
  worker.on('exit', () => end(ended ?? new Error('the inference thread ended')))
  await ready.promise

  return {
    run: feeds =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        const id = count++
        waiting.set(id, { resolve, reject })
        const buffers = new Set(Object.values(feeds).map(tensor => tensor.data.buffer))
        worker.postMessage({ id, feeds } satisfies SessionRequest, [...buffers])
      }),
    get seconds() {
      return seconds
    },
    get alive() {
      return ended === undefined
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    }
  }
}
