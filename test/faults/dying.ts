import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { WorkerMessage } from '../../local/messages.ts'
import { killChildren } from '../processes.ts'

/**
 * Loaded ahead of a worker's own modules: ends the worker, or the media process that works for it, when it tells of
 * every 7th frame of a step and segment, once each; what has ended already is noted in a folder.
 */
const { DEATHS = '', VICTIM = 'worker' } = process.env

/** False where the same death was died before. */
const note = (death: string) => {
  try {
    mkdirSync(path.join(DEATHS, death))
    return true
  } catch {
    return false
  }
}

const meet = (message: WorkerMessage) => {
  if (!('announcement' in message) || message.announcement.type !== 'job.progress') return
  const { step, segment, frames } = message.announcement
  const dies = VICTIM === 'worker' || ['decode', 'render'].includes(step)
  if (!dies || frames % 7 > 0 || !note(`${step}-${segment}-${frames}`)) return
  if (VICTIM === 'worker') process.kill(process.pid, 'SIGKILL')
  else killChildren('layers/media')
}

if (isMainThread) {
  // Time flies, so that progress is told of at each frame.
  const now = performance.now.bind(performance)
  let flown = 0
  performance.now = () => now() + (flown += 100)

  const send = process.send!.bind(process)
  process.send = (message: WorkerMessage) => {
    meet(message)
    return send(message)
  }
}
