import { AV_LOG_QUIET, FFmpegError, Log } from 'node-av'
import { Fault } from '../../events/faults.ts'
import type { Answer, Calls, Request } from './calls.ts'
import { decode } from './decode.ts'
import { join } from './join.ts'
import { probe } from './probe.ts'
import { render, still } from './render.ts'
import { copySound } from './sound.ts'

// The media process: does one call after the other for the process that started it, and ends with it.
Log.setLevel(AV_LOG_QUIET)
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const calls: Calls = { probe, decode, copySound, render, still, join }
/** Calls that read bytes from outside, whose failures are the clip's. */
const readsClips = new Set<keyof Calls>(['probe', 'decode', 'copySound'])

const send = (answer: Answer) => process.send!(answer)

const answer = async ({ call, args }: Request): Promise<Answer> => {
  try {
    const run = calls[call] as (...args: unknown[]) => Promise<unknown>
    return { result: await run(...args, (frames: number) => send({ frames })) }
  } catch (error) {
    if (error instanceof Fault) return { fault: error.toJSON() }
    if (error instanceof FFmpegError && error.isENOMEM) return { outOfMemory: true }
    if (error instanceof FFmpegError && readsClips.has(call)) return { unreadable: error.message }
    return { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.on('message', (request: Request) => void answer(request).then(send))
