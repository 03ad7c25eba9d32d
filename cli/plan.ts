import path from 'node:path'
import { Command, Option } from 'commander'
import { dollars, Fault } from '../events/faults.ts'
import type { Limits } from '../events/job.ts'
import {
  computes,
  costBasisOf,
  sizeClasses,
  usualParallel,
  type Compute,
  type CostBasis,
  type SizeClass
} from '../functions/cost/basis.ts'
import { estimate, type Estimate } from '../functions/cost/estimate.ts'
import { layOut } from '../functions/plan/layout.ts'
import { checkBytes, checkClip, checkCost } from '../functions/shared/limits.ts'
import { openMedia } from '../layers/media/index.ts'
import { openWeights } from '../local/weights.ts'
import { modelsAmong } from '../models/catalogue/index.ts'
import { completeOptions, taskNamed, tasks } from '../tasks/index.ts'
import { addTaskFlags, taskOptions } from './flags.ts'
import { checkFile } from './run.ts'
import { positive, wholeNumber } from './numbers.ts'
import { print, printJson } from './output.ts'
import type { Shell } from './shell.ts'
import { formatTable } from './table.ts'

interface Flags {
  size: SizeClass
  architecture: CostBasis['architecture']
  compute: Compute
  maxParallel: number
  maxCost?: number
  maxFrames?: number
}

export const addPlan = (program: Command, shell: Shell) => {
  const command = program
    .command('plan <clip> <task> [options...]')
    .description(
      'what a job would take and cost in an AWS account; nothing runs but the probe of the clip, here'
    )
    .addOption(choice('--size <class>', 'memory of the functions', Object.keys(sizeClasses), 'medium'))
    .addOption(choice('--architecture <name>', 'of the functions', ['arm64', 'x64'], 'arm64'))
    .addOption(choice('--compute <kind>', 'where the models run', computes, 'lambda'))
    .option('--max-parallel <n>', 'segments that are worked on at a time', wholeNumber, usualParallel)
    .option('--max-cost <dollars>', 'fail where the job would cost more', positive)
    .option('--max-frames <number>', 'fail where the clip has more frames', wholeNumber)
    .option('--json', 'all of it as JSON', false)
    .addHelpText(
      'after',
      `\nBehind the task, its options: clipmill run ${Object.keys(tasks)[0]} --help lists them.`
    )
    .allowUnknownOption()
  command.action(async (clip: string, taskName: string, given: string[], flags: Flags) => {
    if (clip.startsWith('-') || taskName.startsWith('-'))
      throw new Fault('usage-wrong', {
        problem: 'the clip comes first, then the task, then its options',
        command: 'plan'
      })
    const task = taskNamed(taskName)
    const taskCommand = new Command(task.name).copyInheritedSettings(command)
    addTaskFlags(taskCommand, task)
    taskCommand.parse(given, { from: 'user' })
    await plan(clip, taskName, taskOptions(taskCommand, task), flags, shell.json)
  })
}

const choice = (flag: string, text: string, values: readonly string[], usual: string) =>
  new Option(flag, text).choices(values).default(usual)

/** @throws Fault limit-exceeded, and what is wrong with the clip or the options */
const plan = async (
  clip: string,
  taskName: string,
  given: Record<string, unknown>,
  { size, architecture, compute, maxParallel, maxCost, maxFrames }: Flags,
  json: boolean
) => {
  const task = taskNamed(taskName)
  const weights = await openWeights().known()
  const options = completeOptions(task, given, modelsAmong(weights))
  const limits: Limits = { cost: maxCost, frames: maxFrames }

  await checkFile(clip)
  await using media = openMedia()
  const probed = await media.probe(clip)
  const { facts } = probed
  const name = path.basename(clip)
  checkBytes(name, facts.bytes)
  checkClip(name, facts, limits)
  task.check?.(options, facts)
  const { pictures, segments } = layOut(task, options, probed)
  const expected = estimate(
    { task, options, clip: facts, pictures, segments: segments.length, weights },
    costBasisOf({ size, architecture, compute: { [taskName]: compute } }),
    maxParallel
  )
  if (!json) print(textOf(name, expected, maxParallel))
  checkCost(name, expected.dollars.total, limits)
  if (json) printJson({ clip, task: taskName, options, ...expected })
}

const kinds: Record<keyof Estimate['dollars'], string> = {
  functions: 'Lambda, memory by time',
  scratch: 'Lambda, /tmp',
  instances: 'GPU instances',
  starts: 'GPU instances, start and waiting',
  invocations: 'Lambda, invocations',
  transitions: 'Step Functions, transitions',
  objects: 'S3, requests',
  events: 'EventBridge, events',
  total: 'total'
}

const textOf = (
  clip: string,
  { frames, segments, steps, seconds, dollars: by, prices }: Estimate,
  parallel: number
) =>
  [
    `${clip}: ${frames} frames in ${segments} segments`,
    '',
    formatTable(
      ['step', 'function', 'invocations', 'seconds'],
      steps.map(step => [step.step, step.function, String(step.invocations), step.seconds.toFixed(1)]),
      2
    ),
    '',
    `${seconds.wall.toFixed(0)} seconds until the results are there, ${parallel} segments side by side; ${seconds.sum.toFixed(0)} in sum`,
    '',
    formatTable(
      ['dollars', ''],
      Object.entries(kinds).flatMap(([kind, name]) => {
        const value = by[kind as keyof typeof by]
        return value > 0 ? [[name, value.toFixed(6)]] : []
      })
    ),
    '',
    `about ${dollars(by.total)}, within a factor of two; prices of ${prices}, without free tiers: see docs/costs.md`
  ].join('\n')
