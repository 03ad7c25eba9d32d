import type { Announcement } from '../../events/announcement.ts'
import type { Job, Limits } from '../../events/job.ts'
import type { Device } from '../../layers/inference/session.ts'
import type { ModelStore } from '../../layers/models/index.ts'
import type { CostBasis } from '../cost/basis.ts'
import type { Storage } from './storage.ts'
import type { Timing } from './timing.ts'

/** All that a function touches of the world; handed in, so that a test or one machine can hand in its own. */
export interface Context {
  uploads: Storage
  results: Storage
  models: ModelStore
  /** A folder on a local disk; kept between invocations of one process, so nothing in it may be relied upon. */
  scratch: string
  /** Threads for a model's run. */
  threads: number
  /** The same for a fold, beside which no other segment of the job is worked on. */
  foldThreads: number
  /** What models run on. */
  device: Device
  /** By what jobs are charged; absent where nobody charges. */
  cost?: CostBasis
  /** What jobs may be at most, whoever asks for them. */
  limits?: Limits
  now(): Date
  announce(announcement: Announcement): Promise<void>
  /** Told what each step took, for who watches over many jobs. */
  measure: (step: Timing & { task: string }) => void
  /** Milliseconds until this invocation is cut off. */
  remaining(): number
}

/** What intake needs besides: the one who walks the chain. Starting a job that runs or has ended does nothing. */
export interface IntakeContext extends Context {
  start(job: Job): Promise<void>
}
