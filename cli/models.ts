import type { Command } from 'commander'
import { evalGoldens } from '../eval/golden.ts'
import { Fault } from '../events/faults.ts'
import { openSession } from '../layers/inference/session.ts'
import { goldenForms } from '../models/catalogue/golden.ts'
import {
  checkOf,
  readGolden,
  type RunModel,
  type SkippedStage,
  type StageDeviation
} from '../models/golden/index.ts'
import { inspectCheckpoint } from '../models/weights/inspect.ts'
import { note, print, printFault, printJson } from './output.ts'
import type { Shell } from './shell.ts'
import { addWeights } from './weights.ts'

export const addModels = (program: Command, shell: Shell) => {
  const models = program.command('models').description('weights, checkpoints and networks')
  addWeights(models, shell)
  models
    .command('inspect <file...>')
    .description('list what a checkpoint holds; nothing in it is run')
    .option('--under <key>', 'the state dict under these dotted keys, not the one with the most tensors')
    .option('--json', 'as JSON', false)
    .action((files: string[], { under }: { under?: string }) => {
      shell.exit = inspect(files, under, shell.json)
    })
  models
    .command('verify <golden...>')
    .description(
      "build the network of a golden file, run it and compare every stage with the authors' numbers"
    )
    .option('--json', 'as JSON', false)
    .action(async (files: string[]) => {
      shell.exit = await verify(files, shell.json)
    })
}

/** Lists what checkpoints hold. @returns the exit code: that of the first one that cannot be read or trusted */
const inspect = (files: string[], under: string | undefined, json: boolean): number => {
  let exit = 0
  const found: unknown[] = []
  for (const file of files) {
    try {
      const checkpoint = inspectCheckpoint(file, { under })
      found.push(checkpoint)
      if (!json) printCheckpoint(checkpoint)
    } catch (error) {
      const fault = Fault.of(error)
      exit ||= fault.exit
      found.push({ file, error: fault })
      if (!json) printFault(fault)
    }
  }
  if (json) printJson(files.length === 1 ? found[0] : found)
  return exit
}

const printCheckpoint = (checkpoint: ReturnType<typeof inspectCheckpoint>) => {
  const { file, format, under, stripped, tensors, elements, bytes, dtypes, others, named } = checkpoint
  const types = Object.entries(dtypes).map(([dtype, count]) => `${count} ${dtype}`)
  print(
    `${file}: ${format}, ${tensors.length} tensors (${types.join(', ')}), ${elements} numbers, ${bytes} bytes`
  )
  if (under) print(`  found under "${under}"`)
  if (stripped) print(`  the prefix "${stripped}" of every name is left out`)
  for (const { key, is } of others) print(`  beside them: ${key} (${is})`)
  if (named.length > 0) print(`  names ${named.join(', ')}; nothing of it was run`)
  for (const { name, dtype, shape } of tensors) print(`  ${name}  ${dtype} [${shape.join(', ')}]`)
}

/** Compares what we build with golden files. @returns the exit code: 4 where a stage is out of tolerance */
const verify = async (files: string[], json: boolean): Promise<number> => {
  const faults: Fault[] = []
  const reports: object[] = []
  const counts = { ok: 0, missed: 0, skipped: 0 }
  for (const file of files) {
    const stages: (StageDeviation | SkippedStage)[] = []
    if (!json) print(file)
    try {
      const golden = await readGolden(file)
      for await (const stage of checkOf(golden, [...goldenForms, ...evalGoldens])(golden, runModel)) {
        stages.push(stage)
        counts[outcomeOf(stage)]++
        if (!json) print(`  ${lineOf(stage)}`)
      }
      const missed = stages.filter(stage => outcomeOf(stage) === 'missed')
      if (missed.length > 0)
        throw new Fault('golden-missed', { file, stages: missed.map(({ stage }) => stage) })
      reports.push({ file, stages })
    } catch (error) {
      const fault = Fault.of(error)
      faults.push(fault)
      reports.push({ file, stages, error: fault })
      if (!json) printFault(fault)
    }
  }
  if (json) printJson(reports)
  else
    note(`${counts.ok} stages are within tolerance, ${counts.missed} are not, ${counts.skipped} were skipped`)
  return faults[0]?.exit ?? 0
}

const outcomeOf = (stage: StageDeviation | SkippedStage) =>
  'skipped' in stage ? 'skipped' : stage.ok ? 'ok' : 'missed'

const lineOf = (stage: StageDeviation | SkippedStage) =>
  'skipped' in stage
    ? `skipped  ${stage.stage}: ${stage.skipped}`
    : `${stage.ok ? 'ok      ' : 'MISSED  '} ${stage.stage.padEnd(28)} ${[distanceOf(stage), stage.problem].filter(Boolean).join(': ')}`

const distanceOf = ({ deviation, tolerance }: StageDeviation) =>
  deviation !== undefined && `${deviation.toExponential(2)} of ${tolerance.toExponential(2)}`

const runModel: RunModel = async (directory, feeds) => {
  await using session = await openSession(directory)
  return await session.run(feeds)
}
