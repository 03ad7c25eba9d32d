import type { FaultCode } from '../events/faults.ts'
import type { Task } from '../tasks/define.ts'

/** One invocation of a function: how long it may take, and what is tried again. */
export interface Call {
  function: 'plan' | 'decode' | 'infer' | 'render' | 'store'
  /** For `infer`: the stage. */
  stage?: string
  timeoutSeconds: number
}

/**
 * The chain is data: the local runner walks it, and infra/ turns it into a state machine.
 * - `call`: once for the job
 * - `each`: for every segment, side by side; within a segment one after the other
 * - `repeat`: once for the job, again while it answers `{ done: false }` (it stopped ahead of its time limit)
 */
export type Step =
  { kind: 'call'; call: Call } | { kind: 'each'; calls: Call[] } | { kind: 'repeat'; call: Call }

/** Faults whose kind says that trying again can help, and ends of a worker that nobody foresaw, are retried so. */
export const retry = { attempts: 4, firstDelaySeconds: 1, backoffRate: 2, maxDelaySeconds: 30 }

/**
 * Faults that concern one segment alone. Where such a one remains after all tries, the segment is given up (`store` is
 * told of it) and the job goes on without, to a partial end; any other fault ends the job.
 */
export const segmentFaults: FaultCode[] = [
  'clip-damaged',
  'media-crashed',
  'media-timeout',
  'step-timeout',
  'worker-lost'
]

/** What Lambda gives a function at most, seconds. */
export const longest = 15 * 60
/** A fold leaves the rest to another invocation when so many seconds are left, or fewer than two of its frames take. */
export const foldMargin = 60

/** `store` is told of what went wrong. */
export const ending: Call = { function: 'store', timeoutSeconds: 60 }

/** A step's name for a person: a stage's own, else that of the function. */
export const stepOf = (call: Call) => call.stage ?? call.function

/** Whether a step runs a model: where tasks have GPUs, only such steps go there. */
export const runsModel = (task: Task, step: string | undefined) =>
  task.stages.some(stage => stage.name === step && 'model' in stage)

/** plan, then decode and the stages, then render and store. Neighbouring `each` stages share one pass over the segments. */
export const chain = (task: Task): Step[] => {
  const steps: Step[] = [{ kind: 'call', call: { function: 'plan', timeoutSeconds: longest } }]
  let calls: Call[] | undefined = [{ function: 'decode', timeoutSeconds: longest }]
  steps.push({ kind: 'each', calls })
  for (const stage of task.stages) {
    const call: Call = { function: 'infer', stage: stage.name, timeoutSeconds: longest }
    if (stage.kind === 'fold') {
      steps.push({ kind: 'repeat', call })
      calls = undefined
    } else if (calls) calls.push(call)
    else steps.push({ kind: 'each', calls: (calls = [call]) })
  }
  return [
    ...steps,
    { kind: 'each', calls: [{ function: 'render', timeoutSeconds: longest }] },
    { kind: 'call', call: { function: 'store', timeoutSeconds: longest } }
  ]
}
