import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { note, print, printJson } from '../cli/output.ts'
import { formatTable } from '../cli/table.ts'
import { manifest as manifestSchema } from '../events/manifest.ts'
import { openBuckets } from '../local/buckets.ts'
import { openPipeline } from '../local/pipeline.ts'
import { chooseClip, parseCount } from './arguments.ts'
import { defaultModels } from './default-models.ts'
import { describeMachine, machineLine } from './machine.ts'
import { median } from './median.ts'

interface Flags {
  task: string
  runs: number
  json: boolean
}

export const addPipeline = (program: Command) => {
  program
    .command('pipeline [clip]')
    .description('what a job takes on this machine, against its model runs alone')
    .option('--task <name>', 'with its default options', 'track-many')
    .option('--runs <n>', 'one after the other, each from an empty folder', parseCount, 5)
    .option('--json', 'as JSON', false)
    .action(async (clip: string | undefined, { task, runs, json }: Flags) => {
      const machine = describeMachine()
      const summary = summarise(await measureJobs(chooseClip(clip), task, runs))
      if (json) printJson({ machine, runs, ...summary })
      else {
        note(machineLine(machine))
        note(`medians of ${runs} runs, in seconds`)
        print(textOf(summary))
      }
    })
}

/** What one job took, in seconds. */
interface JobTimes {
  /** From before the pipeline is opened to the job's end. */
  wall: number
  /** All runs of its models, added up. */
  model: number
  /**
   * The steps in the order in which they ended: `wall` is the time from one end to the next, so they add up to the whole;
   * `seconds` and `model` are the sums over the step's invocations, of which several run side by side.
   */
  steps: { step: string; wall: number; seconds: number; model: number }[]
}

const measureJobs = async (clip: string, taskName: string, runs: number): Promise<JobTimes[]> => {
  const models = await defaultModels(taskName)
  const measured: JobTimes[] = []
  for (let run = 0; run < runs; run++) measured.push(await measureJob(clip, taskName, models))
  return measured
}

/** What the announcements that are no step's progress are the end of. */
const endOf: Record<string, string> = {
  'job.accepted': 'start',
  'job.started': 'plan',
  'job.completed': 'store'
}

/** Runs the task over the clip in an empty folder, as `clipmill run` does. @throws Fault what ended the job */
const measureJob = async (clip: string, task: string, models: string): Promise<JobTimes> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  try {
    const start = performance.now()
    const now = () => (performance.now() - start) / 1000
    const ends = new Map<string, number>()
    await using buckets = await openBuckets({ folder })
    await using pipeline = await openPipeline({
      buckets,
      folder,
      models,
      announce: told => ends.set(told.type === 'job.progress' ? told.step : endOf[told.type], now()),
      admit: () => Promise.resolve(true),
      signal: new AbortController().signal
    })
    const [{ job, done }] = await pipeline.submit(clip, path.basename(clip), [{ task, options: {} }])
    await done
    const wall = now()
    const { timings } = await buckets.results.getJson(`${job.results}manifest.json`, manifestSchema)
    let before = 0
    const steps = Array.from(ends)
      .toSorted(([, a], [, b]) => a - b)
      .map(([step, end]) => {
        const { seconds = 0, modelSeconds = 0 } = timings.find(timing => timing.step === step) ?? {}
        const own = end - before
        before = end
        return { step, wall: own, seconds, model: modelSeconds }
      })
    return { wall, model: timings.reduce((sum, { modelSeconds = 0 }) => sum + modelSeconds, 0), steps }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const summarise = (jobs: JobTimes[]) => {
  const sideBySide = availableParallelism()
  const middle = (of: (job: JobTimes) => number) => median(jobs.map(of))
  const stepOf = ({ steps }: JobTimes, name: string) => steps.find(({ step }) => step === name)!
  return {
    wall: middle(({ wall }) => wall),
    model: middle(({ model }) => model),
    sideBySide,
    /** Of wall time to the sum of the model's runs, and to that sum had they been side by side all the time. */
    ratios: {
      toSum: middle(({ wall, model }) => wall / model),
      toSideBySide: middle(({ wall, model }) => wall / (model / sideBySide))
    },
    steps: jobs[0].steps.map(({ step }) => ({
      step,
      wall: middle(job => stepOf(job, step).wall),
      seconds: middle(job => stepOf(job, step).seconds),
      model: middle(job => stepOf(job, step).model)
    }))
  }
}

const textOf = ({ wall, model, sideBySide, ratios, steps }: ReturnType<typeof summarise>) =>
  [
    `wall ${wall.toFixed(2)}, model runs ${model.toFixed(2)} in sum, ${sideBySide} side by side`,
    `wall / sum of the model runs: ${ratios.toSum.toFixed(2)}`,
    `wall / (sum / ${sideBySide}): ${ratios.toSideBySide.toFixed(2)}`,
    '',
    formatTable(
      ['step', 'wall', 'invocations', 'of them model'],
      steps.map(({ step, ...figures }) => [
        step,
        ...[figures.wall, figures.seconds, figures.model].map(value => value.toFixed(2))
      ])
    )
  ].join('\n')
