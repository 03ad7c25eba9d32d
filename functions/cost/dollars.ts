import { busProgressSeconds } from '../../events/announcement.ts'
import { chain, runsModel, type Call, type Step } from '../chain.ts'
import { mostInstances, scratchSizes, type CostBasis } from './basis.ts'
import { prices } from './prices.ts'
import { requestsOf } from './requests.ts'
import type { PlannedJob } from './speeds.ts'

/** What one step of a job takes. */
export interface StepTime {
  step: string
  function: Call['function']
  kind: Step['kind']
  invocations: number
  /** All invocations, added up. */
  seconds: number
}

/** `starts` of instances, and their waiting for more work, are shared by jobs that come one behind the other. */
export type Dollars = Record<
  | 'functions'
  | 'scratch'
  | 'instances'
  | 'starts'
  | 'invocations'
  | 'transitions'
  | 'objects'
  | 'events'
  | 'total',
  number
>

/** AWS counts the start and the end of an execution as one transition each. */
const aroundExecution = 2

const gb = (megabytes: number) => megabytes / 1024

export const computeOf = ({ task }: PlannedJob, { compute }: CostBasis) => compute[task.name] ?? 'lambda'

/** Instances that work on a job's models: one a segment, as many as there may be; one where frames follow from each other. */
export const instancesOf = (job: PlannedJob, basis: CostBasis) => {
  const compute = computeOf(job, basis)
  if (compute === 'lambda') return 0
  const kinds = job.task.stages.flatMap(stage => (stage.model ? stage.kind : []))
  return kinds.includes('each') ? Math.min(job.segments, mostInstances[compute]) : Math.min(kinds.length, 1)
}

/**
 * Dollars of a job by kind, from what its steps take. Not in it: tries that failed, what is charged apart from jobs (storage,
 * logs, metrics, traces), free tiers, taxes.
 * @param startSeconds that GPU instances are there without working
 */
export const dollarsOf = (
  job: PlannedJob,
  steps: StepTime[],
  basis: CostBasis,
  startSeconds = 0
): Dollars => {
  const { lambda, s3 } = prices
  const compute = computeOf(job, basis)
  const sum = (of: (step: StepTime) => number) => steps.reduce((total, step) => total + of(step), 0)
  const onGpu = ({ step }: StepTime) => compute !== 'lambda' && runsModel(job.task, step)
  const inLambda =
    (of: (step: StepTime) => number) =>
    (step: StepTime): number =>
      onGpu(step) ? 0 : of(step)

  const gpuSecond = (prices.gpuHour / 3600) * (compute === 'gpu' ? prices.managedInstances : 1)
  const { put, get } = requestsOf(job, steps)
  const kinds = {
    functions:
      lambda.gbSecond[basis.architecture] *
      sum(inLambda(step => step.seconds * gb(basis.memory[step.function]))),
    scratch:
      lambda.scratchGbSecond * sum(inLambda(step => step.seconds * gb(scratchSizes[step.function] - 512))),
    instances: gpuSecond * sum(step => (onGpu(step) ? step.seconds : 0)),
    starts: gpuSecond * startSeconds,
    invocations: lambda.request * sum(step => (onGpu(step) && compute === 'batch' ? 0 : step.invocations)),
    transitions: prices.transition * transitionsOf(job, steps),
    objects: put * s3.put + get * s3.get,
    events: prices.event * eventsOf(steps)
  }
  return { ...kinds, total: Object.values(kinds).reduce((total, dollars) => total + dollars) }
}

/** As infra/task-pipeline.ts has the states: one a call, one a map, a choice behind each turn of a fold. */
const transitionsOf = ({ task, segments }: PlannedJob, steps: StepTime[]) => {
  const turns = steps.reduce((sum, { kind, invocations }) => sum + (kind === 'repeat' ? invocations : 0), 0)
  return chain(task).reduce(
    (sum, step) =>
      step.kind === 'call'
        ? sum + 1
        : step.kind === 'each'
          ? sum + 1 + segments * (step.calls.length + aroundExecution)
          : sum,
    aroundExecution + 2 * turns
  )
}

/** A job's begin, start and end, and its progress, of which `decode` tells nothing. */
const eventsOf = (steps: StepTime[]) =>
  steps
    .filter(({ function: name }) => name === 'infer' || name === 'render')
    .reduce(
      (sum, { invocations, seconds }) =>
        sum + invocations * Math.floor(seconds / invocations / busProgressSeconds),
      3
    )
