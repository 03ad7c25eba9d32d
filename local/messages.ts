import type { Announcement } from '../events/announcement.ts'
import type { FaultRecord } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import type { Call } from '../functions/chain.ts'

export type FunctionName = 'intake' | Call['function']

/** To a worker: run a function on an event. */
export interface Invocation {
  id: number
  function: FunctionName
  event: unknown
  /** Milliseconds that it may take. */
  limit: number
}

/** From a worker: the answer to an invocation, an announcement, or a job that intake wants started. */
export type WorkerMessage =
  | { id: number; answer: unknown }
  | { id: number; fault: FaultRecord }
  | { announcement: Announcement }
  | { start: Job }
