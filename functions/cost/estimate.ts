import type { Manifest } from '../../events/manifest.ts'
import { chain, foldMargin, longest, runsModel, stepOf, type Call, type Step } from '../chain.ts'
import { gpuProcessors, usualParallel, type CostBasis } from './basis.ts'
import { computeOf, dollarsOf, instancesOf, type Dollars, type StepTime } from './dollars.ts'
import { prices } from './prices.ts'
import {
  clipRate,
  environmentStart,
  frameSpeed,
  gpus,
  invocationSeconds,
  sharedOut,
  type PlannedJob
} from './speeds.ts'

/** What a fold uses of an invocation's time before it leaves the rest to the next, seconds. */
const turnSeconds = longest - foldMargin

export interface Estimate {
  frames: number
  segments: number
  steps: StepTime[]
  /** `wall`: until the results are there; `sum`: of all invocations. */
  seconds: { wall: number; sum: number }
  currency: typeof prices.currency
  dollars: Dollars
  /** Date of the prices. */
  prices: string
}

/**
 * What a job will take and cost, within a factor of two.
 * @param parallel segments that are worked on at a time
 */
export const estimate = (job: PlannedJob, basis: CostBasis, parallel = usualParallel): Estimate => {
  const { segments, clip, task } = job
  const compute = computeOf(job, basis)
  const instances = instancesOf(job, basis)
  const steps: StepTime[] = []
  const instanceStart = gpus.boot + gpus.pull + (compute === 'gpu' ? gpus.container : 0)
  let wall = instances > 0 ? instanceStart : 0
  for (const step of chain(task)) {
    for (const call of callsOf(step)) {
      const onGpu = compute !== 'lambda' && runsModel(task, call.stage)
      const sideBySide = step.kind === 'each' ? Math.min(segments, onGpu ? instances : parallel) : 1
      const work = workSeconds(job, call, basis)
      const invocations = invocationsOf(step, segments, work)
      // A container of Batch is made for one segment; environments stay for the next, and on instances for the next job.
      const starts = onGpu ? (compute === 'batch' ? invocations : 0) : sideBySide
      const start = onGpu ? gpus.container : environmentStart + fetchSeconds(call, clip.bytes)
      steps.push({
        step: stepOf(call),
        function: call.function,
        kind: step.kind,
        invocations,
        seconds: work + invocations * invocationSeconds + starts * start
      })
      // As long as the one that has most segments.
      const most = (count: number) => Math.ceil(count / sideBySide)
      wall += most(starts) * start + most(invocations) * (work / invocations + invocationSeconds)
    }
  }
  const instanceSeconds = instanceStart + (compute === 'lambda' ? 0 : gpus.idle[compute])
  const sum = steps.reduce((total, { seconds }) => total + seconds, 0)
  return {
    frames: clip.video.frames,
    segments,
    steps,
    seconds: { wall, sum },
    currency: prices.currency,
    dollars: dollarsOf(job, steps, basis, instances * instanceSeconds),
    prices: prices.date
  }
}

/**
 * Dollars of a job by the time that its invocations took; what they cannot see is missing: how long environments and
 * instances took to start, and tries that failed.
 */
export const actualDollars = (job: PlannedJob, timings: Manifest['timings'], basis: CostBasis): number => {
  const steps = chain(job.task).flatMap(step =>
    callsOf(step).map(call => {
      const name = stepOf(call)
      const seconds = timings.find(({ step }) => step === name)?.seconds ?? 0
      const invocations = invocationsOf(step, job.segments, seconds)
      return { step: name, function: call.function, kind: step.kind, invocations, seconds }
    })
  )
  return dollarsOf(job, steps, basis).total
}

const callsOf = (step: Step) => (step.kind === 'each' ? step.calls : [step.call])

const invocationsOf = ({ kind }: Step, segments: number, seconds: number) =>
  kind === 'each' ? segments : kind === 'call' ? 1 : Math.max(1, Math.ceil(seconds / turnSeconds))

/** All frames of a step, on the processors that it has. */
const workSeconds = (job: PlannedJob, call: Call, basis: CostBasis) => {
  const { seconds, modelSeconds = 0 } = frameSpeed(job, call)
  const { frames } = job.clip.video
  const name = call.function
  return computeOf(job, basis) !== 'lambda' && runsModel(job.task, call.stage)
    ? frames * (seconds * sharedOut(name, gpuProcessors) + modelSeconds / gpus.speedup)
    : frames * (seconds + modelSeconds) * sharedOut(name, basis.memory[name] / 1769)
}

const fetchSeconds = ({ function: name }: Call, bytes: number) =>
  name === 'plan' || name === 'decode' ? bytes / clipRate : 0
