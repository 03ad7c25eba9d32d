import { describe, expect, it } from 'vitest'
import { Fault } from '../../events/faults.ts'
import { makeJob } from '../../functions/shared/job.ts'
import { runJob } from '../../local/runner.ts'
import type { Workers } from '../../local/workers.ts'

const clip = { bucket: 'uploads', key: 'clips/a.mp4', bytes: 4, etag: 'abcd' }
const job = makeJob({ clip, name: 'a.mp4', task: 'track-many', options: {} }, () => 'digest')

interface Event {
  job: string
  stage?: string
  segment?: number
  failure?: { code: string }
}

/** Workers that only answer; `answer` may throw. What was called is kept as `infer detect 1`. */
const fake = (answer: (call: string, event: Event) => unknown) => {
  const calls: string[] = []
  const workers = {
    invoke: async (name: string, event: unknown) => {
      const { stage, segment, failure } = event as Event
      const call = [name, stage, segment, failure?.code].filter(part => part !== undefined).join(' ')
      calls.push(call)
      await Promise.resolve()
      return answer(call, event as Event) ?? (name === 'plan' ? { segments: 3 } : { done: true })
    }
  } as unknown as Workers
  return { calls, workers }
}
const signal = new AbortController().signal

describe('the runner', () => {
  it('walks the chain: each segment by itself, folds and store behind all of them', async () => {
    const { calls, workers } = fake(() => undefined)
    await runJob(job, workers, { parallel: 1, signal })
    expect(calls).toEqual([
      'plan',
      ...[0, 1, 2].flatMap(segment => [`decode ${segment}`, `infer detect ${segment}`]),
      'infer associate',
      'render 0',
      'render 1',
      'render 2',
      'store'
    ])
  })

  it('calls a step that has stopped ahead of its time again until it is done', async () => {
    let left = 2
    const { calls, workers } = fake(call => (call === 'infer associate' ? { done: left-- === 0 } : undefined))
    await runJob(job, workers, { parallel: 2, signal })
    expect(calls.filter(call => call === 'infer associate')).toHaveLength(3)
  })

  it('tries again what may go well another time, and then goes on', async () => {
    let failures = 1
    const { calls, workers } = fake(call => {
      if (call === 'decode 1' && failures-- > 0)
        throw new Fault('worker-lost', { step: 'decode', reason: 'SIGKILL' })
      return undefined
    })
    await runJob(job, workers, { parallel: 1, signal })
    expect(calls.filter(call => call === 'decode 1')).toHaveLength(2)
    expect(calls.at(-1)).toBe('store')
  })

  it('ends with what cannot be mended: store is told, nothing more is begun', async () => {
    const { calls, workers } = fake(call => {
      if (call === 'decode 1') throw new Fault('clip-empty', { file: 'a.mp4' })
      return undefined
    })
    await expect(runJob(job, workers, { parallel: 1, signal })).rejects.toMatchObject({ code: 'clip-empty' })
    expect(calls).toEqual(['plan', 'decode 0', 'infer detect 0', 'decode 1', 'store clip-empty'])
  })

  it('gives up a segment that alone is at fault, notes that, and goes on without it', async () => {
    const { calls, workers } = fake(call => {
      if (call === 'decode 1')
        throw new Fault('clip-damaged', { file: 'a.mp4', firstFrame: 60, lastFrame: 119, decoded: 0 })
      return undefined
    })
    await runJob(job, workers, { parallel: 1, signal })
    expect(calls.slice(0, 7)).toEqual([
      'plan',
      'decode 0',
      'infer detect 0',
      'decode 1',
      'store 1 clip-damaged',
      'decode 2',
      'infer detect 2'
    ])
    expect(calls.at(-1)).toBe('store')
  })

  it('gives up after a few tries', async () => {
    const { calls, workers } = fake(call => {
      if (call === 'plan') throw new Fault('step-timeout', { step: 'plan', seconds: 1 })
      return undefined
    })
    await expect(runJob(job, workers, { parallel: 1, signal })).rejects.toMatchObject({
      code: 'step-timeout'
    })
    expect(calls).toEqual(['plan', 'plan', 'plan', 'plan', 'store step-timeout'])
  })

  it('a bug of ours is not tried again, and ends the job as such', async () => {
    const { calls, workers } = fake(call => {
      if (call === 'plan') throw new TypeError('x is not a function')
      return undefined
    })
    await expect(runJob(job, workers, { parallel: 1, signal })).rejects.toMatchObject({
      code: 'internal-error'
    })
    expect(calls).toEqual(['plan', 'store internal-error'])
  })

  it('stopped, it begins nothing more and tells nobody of a failure', async () => {
    const stop = new AbortController()
    const { calls, workers } = fake(call => {
      if (call === 'decode 0') {
        stop.abort()
        throw new Fault('worker-lost', { step: 'decode', reason: 'SIGKILL' })
      }
      return undefined
    })
    await expect(runJob(job, workers, { parallel: 1, signal: stop.signal })).rejects.toThrow()
    expect(calls).toEqual(['plan', 'decode 0'])
  })
})
