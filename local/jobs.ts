import { setTimeout as sleep } from 'node:timers/promises'
import { isFault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { about, readJob } from '../functions/shared/job.ts'
import { reopen } from '../functions/shared/reopen.ts'
import type { Storage } from '../functions/shared/storage.ts'
import type { Announcer } from './announcer.ts'
import { forgetEnd, isEnd, jobState, listJobs } from './announcements.ts'
import { controlKey, controlsPrefix, readControl, type Control } from './controls.ts'
import type { Pipeline } from './pipeline.ts'

interface JobsOptions extends Pick<Pipeline, 'start' | 'stop'> {
  results: Storage
  announcer: Announcer
  /** Told of what went wrong, and with what. */
  warn: (what: string, error: unknown) => void
  signal: AbortSignal
  /** Milliseconds until a job whose end could not be told is walked again; twice as long each further time, up to an hour. */
  pause?: number
}

interface Jobs {
  /** Whether there is anything to do of a job. */
  admit: (job: Job) => Promise<boolean>
  /** Told that a job's walk is over: if its end is not kept, e.g. on a full disk, it is walked again later. */
  onEnd: (job: Job, error: unknown) => Promise<void>
  /** Does what an object of that key in the results bucket asks for, if it does, and removes it. */
  obey: (key: string) => Promise<void>
  /** Does what was asked for while nobody was there, and goes on with the jobs that have not ended. */
  resume: () => Promise<void>
}

const longestPause = 3_600_000

/** The life of the jobs in the results bucket beyond one walk: what was announced of a job is its state. */
export const openJobs = ({
  results,
  announcer,
  start,
  stop,
  warn,
  signal,
  pause = 60_000
}: JobsOptions): Jobs => {
  const stateOf = async (id: string) => {
    await announcer.settled()
    return await jobState(results, id)
  }
  const hasEnded = async (id: string) => {
    const state = await stateOf(id)
    return state !== undefined && isEnd(state)
  }

  /** How often in a row each job came to an end that could not be told. */
  const untold = new Map<string, number>()
  const onEnd = async (job: Job, error: unknown) => {
    if (await hasEnded(job.id).catch(() => false)) {
      untold.delete(job.id)
      return
    }
    const times = untold.get(job.id) ?? 0
    untold.set(job.id, times + 1)
    const milliseconds = Math.min(longestPause, pause * 2 ** times)
    const again = `${job.id} is taken up again in ${milliseconds / 1000} s, since its end could not be kept`
    warn(again, error ?? new Error('see above'))
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
    if (!signal.aborted) void start(job)
  }

  const cancel = async (id: string) => {
    await stop(id)
    const state = await stateOf(id)
    if (state === undefined || isEnd(state)) return
    const job = await readJob({ results }, id)
    announcer.take({ type: 'job.cancelled', ...about({ now: () => new Date() }, job) })
    if (!(await hasEnded(id))) throw new Error('it is stopped, but that could not be kept')
  }
  const retry = async (id: string) => {
    if (!(await hasEnded(id))) return
    const job = await readJob({ results }, id)
    await reopen({ results }, id)
    await results.delete(`${job.results}error.json`)
    await forgetEnd(results, id)
    void start(job)
  }
  const perform = { cancel, retry } satisfies Record<Control, (id: string) => Promise<void>>

  const obey = async (key: string) => {
    const wish = readControl(key)
    if (!wish) return
    try {
      await perform[wish.control](wish.job)
      await results.delete(controlKey(wish.job, wish.control))
    } catch (error) {
      warn(`${wish.control} ${wish.job} is left for the next start`, error)
    }
  }
  const goOn = async (id: string) => {
    try {
      void start(await readJob({ results }, id))
    } catch (error) {
      // A job that was announced and then not written down is made again by its upload's event.
      if (!isFault(error) || error.code !== 'object-missing') warn(`${id} cannot go on`, error)
    }
  }

  return {
    admit: async ({ id }) => !(await hasEnded(id)),
    onEnd,
    obey,
    async resume() {
      for await (const { key } of results.list(controlsPrefix)) await obey(key)
      for (const { id, state } of await listJobs(results)) if (!isEnd(state)) await goOn(id)
    }
  }
}
