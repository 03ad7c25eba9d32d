import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault, type FaultRecord } from '../../events/faults.ts'
import type { Answer, Args, Calls, Request, Result } from './calls.ts'

export interface MediaLimits {
  /** Memory of the media process for pictures, in megabytes; enforced where the tool prlimit is present. */
  memoryMb?: number
  /** Time that one call may take at most. */
  secondsPerCall?: number
  /** What people call a file, for faults; its path unless given. */
  nameOf?: (file: string) => string
}

/** What Node takes for itself, in bytes of private memory, before anything is decoded. */
const ofNode = 700e6

/** Beside this module, in the same form: child.ts in the sources, child.js or child.mjs in a bundle. */
const entry = fileURLToPath(new URL(`./child${path.extname(import.meta.url)}`, import.meta.url))

const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find(file => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
})

/** Where packages and libraries are found that come from layers. */
const passedOn = () =>
  Object.fromEntries(
    ['NODE_PATH', 'LD_LIBRARY_PATH'].flatMap(name => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    })
  )

/**
 * Starts Node with our entry: without this process's environment (credentials) or file handles, with limits on memory,
 * open files and core dumps.
 */
const start = (memoryMb: number) => {
  // a small young generation frees the views of pictures early, which keeps memory flat over long clips
  const node = [process.execPath, '--max-old-space-size=512', '--max-semi-space-size=2', entry]
  const limits = [`--data=${Math.round(memoryMb * 1e6 + ofNode)}`, '--nofile=256', '--core=0']
  const [command, ...args] = prlimit ? [prlimit, ...limits, ...node] : node
  return spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: {
      ...passedOn(),
      MALLOC_ARENA_MAX: '2',
      MALLOC_TRIM_THRESHOLD_: '65536',
      NODE_NO_WARNINGS: '1'
    }
  })
}

/** A media process, which does one call at a time. */
export const startProcess = ({
  memoryMb = 2000,
  secondsPerCall = 600,
  nameOf = file => file
}: MediaLimits) => {
  const child = start(memoryMb)
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const complaint = lastWords(child)
  let how: string | undefined
  let crash: (() => void) | undefined
  void ended.then(reason => {
    how = [reason, complaint()].filter(Boolean).join(': ')
    crash?.()
    process.off('exit', kill)
  })
  let queue = Promise.resolve<unknown>(undefined)

  /** The child knows files by their paths only. */
  const named = ({ code, details }: FaultRecord) => {
    const { file } = details
    return (
      Fault.from({
        code,
        details: typeof file === 'string' ? { ...details, file: nameOf(file) } : details
      }) ?? new Error(code)
    )
  }

  const ask = async (
    request: Request,
    path: string,
    seconds: number,
    onFrames?: (frames: number) => void
  ) => {
    const file = nameOf(path)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const doing = doings[request.call]
    const timer = setTimeout(() => {
      reject(new Fault('media-timeout', { doing, file, seconds }))
      kill()
    }, seconds * 1000)
    const crashed = (how: string) => reject(new Fault('media-crashed', { doing, file, how }))
    const settle = (answer: Answer) => {
      if ('frames' in answer) onFrames?.(answer.frames)
      else if ('result' in answer) resolve(answer.result)
      else if ('fault' in answer) reject(named(answer.fault))
      else if ('unreadable' in answer)
        reject(new Fault('clip-unreadable', { file, reason: answer.unreadable }))
      else crashed('out of memory')
    }
    child.on('message', settle)
    crash = () => crashed(how!)
    try {
      if (how === undefined) child.send(request, error => error && kill())
      else crash()
      return await promise
    } finally {
      clearTimeout(timer)
      child.off('message', settle)
    }
  }

  return {
    get alive() {
      return how === undefined
    },
    /** `file`: the one to name where the call fails; `seconds`: what it may take, once the calls before it are done. */
    call: async <Name extends keyof Calls>(
      call: Name,
      file: string,
      args: Args<Name>,
      seconds: number,
      onFrames?: (frames: number) => void
    ) => {
      const answer = queue.then(() =>
        ask({ call, args }, file, Math.ceil(Math.min(seconds, secondsPerCall)), onFrames)
      )
      queue = answer.catch(() => undefined)
      return (await answer) as Result<Name>
    },
    close: async () => {
      kill()
      await ended
    }
  }
}

const doings: Record<keyof Calls, string> = {
  probe: 'probing',
  decode: 'decoding',
  sound: 'copying the sound of',
  render: 'rendering',
  still: 'drawing',
  join: 'joining'
}

/** The first line of what a process says on its way out (Node's "out of memory"). */
const lastWords = ({ stderr }: ChildProcess) => {
  let said = ''
  stderr!.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < 2000) said += text
  })
  return () =>
    said
      .split('\n')
      .find(line => /\w/.test(line))
      ?.trim()
      .slice(0, 200)
}
