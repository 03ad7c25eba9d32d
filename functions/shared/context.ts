import type { Announcement } from '../../events/announcement.ts'
import type { Job } from '../../events/job.ts'
import type { ModelStore } from '../../layers/models/index.ts'
import type { Storage } from './storage.ts'

/** All that a function touches of the world; handed in, so that a test or one machine can hand in its own. */
export interface Context {
  uploads: Storage
  results: Storage
  models: ModelStore
  /** A folder on a local disk; kept between invocations of one process, so nothing in it may be relied upon. */
  scratch: string
  /** Threads for a model's run. */
  threads: number
  now(): Date
  announce(announcement: Announcement): Promise<void>
  /** Milliseconds until this invocation is cut off. */
  remaining(): number
}

/** What intake needs besides: the one who walks the chain. Starting a job that runs or has ended does nothing. */
export interface IntakeContext extends Context {
  start(job: Job): Promise<void>
}
