import { constants } from 'node:os'
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

/** AVERROR(ENOSPC) */
const noSpace = -constants.errno.ENOSPC

const send = (answer: Answer) => process.send!(answer)

const answer = async ({ call, args }: Request): Promise<Answer> => {
  try {
    const run = calls[call] as (...args: unknown[]) => Promise<unknown>
    return { result: await run(...args, (frames: number) => send({ frames })) }
  } catch (error) {
    if (!(error instanceof FFmpegError)) return { fault: Fault.of(error).toJSON() }
    if (error.isENOMEM) return { outOfMemory: true }
    if (error.code === noSpace) return { fault: new Fault('disk-full', { path: '' }).toJSON() }
    if (readsClips.has(call)) return { unreadable: error.message }
    return { fault: Fault.of(error).toJSON() }
  }
}

process.on('message', (request: Request) => void answer(request).then(send))
