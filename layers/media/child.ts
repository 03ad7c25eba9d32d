import { getSystemErrorName } from 'node:util'
import { AV_LOG_QUIET, FFmpegError, Log } from 'node-av'
import { Fault, isFault } from '../../events/faults.ts'
import type { Answer, Calls, Request } from './calls.ts'
import { decode } from './decode.ts'
import { isOutOfMemory, Unreadable } from './ffmpeg.ts'
import { join } from './join.ts'
import { probe } from './probe.ts'
import { render, still } from './render.ts'
import { sound } from './sound.ts'

// The media process: does one call after the other for the process that started it, and ends with it.
Log.setLevel(AV_LOG_QUIET)
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const calls: Calls = { probe, decode, sound, render, still, join }
/** Calls that read bytes from outside, whose failures are the clip's. */
const readsClips = new Set<keyof Calls>(['probe', 'decode', 'sound'])

/** An error of FFmpeg as Node throws those of the system, and with the file that the call writes. */
const asSystemError = (error: FFmpegError | NodeJS.ErrnoException, args: unknown[]) => {
  const { out } = (args as { out?: string }[]).find(arg => arg.out) ?? {}
  const { path = out } = error as NodeJS.ErrnoException
  const code = error instanceof FFmpegError ? getSystemErrorName(error.code) : error.code
  return Object.defineProperties(error, { code: { value: code }, path: { value: path } })
}

const send = (answer: Answer) => process.send!(answer)

const answer = async ({ call, args }: Request): Promise<Answer> => {
  try {
    const run = calls[call] as (...args: unknown[]) => Promise<unknown>
    return { result: await run(...args, (frames: number) => send({ frames })) }
  } catch (error) {
    if (isFault(error)) return { fault: error.toJSON() }
    if (error instanceof FFmpegError && isOutOfMemory(error.code)) return { outOfMemory: true }
    if (error instanceof Unreadable && readsClips.has(call)) return { unreadable: error.message }
    return { fault: Fault.of(asSystemError(error as Error, args)).toJSON() }
  }
}

process.on('message', (request: Request) => void answer(request).then(send))
