import { Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { Fault } from '../events/faults.ts'
import { tasks } from '../tasks/index.ts'
import { addTaskFlags, taskOptions } from './flags.ts'
import { inspect, verify } from './models.ts'
import { flushed, printFault, printJson } from './output.ts'
import { run } from './run.ts'

const exitCodes = `
Exit codes:
  0 done    1 a bug of ours    2 wrong usage    3 input missing or unreadable    4 model missing or wrong
  5 temporary, try again    6 limit reached    7 finished in part    8 cloud permission or quota    130 stopped`

/** Aborts at the first Ctrl-C; the second one leaves at once. */
const interruptible = () => {
  const interrupted = new AbortController()
  process.on('SIGINT', () => {
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort(new Error('interrupted'))
  })
  return interrupted.signal
}

/** Runs the command line and ends the process with its exit code. */
export const main = async (argv: string[]) => {
  let exit = 0
  const json = argv.includes('--json')
  const program = new Command('clipmill')
    .description('Turns a clip into what you want of it: see the tasks with clipmill run --help.')
    .version(packageJson.version)
    .addHelpText('after', exitCodes)
    .exitOverride()
    // What commander has to say of wrong usage is said as a fault, below.
    .configureOutput({ writeErr: () => undefined })

  const runCommand = program.command('run').description('run a task over clips on this machine')
  for (const task of Object.values(tasks)) {
    const command = runCommand
      .command(`${task.name} <clip...>`)
      .description(task.summary)
      .option('--out <folder>', 'where the results go', 'results')
      .option('--force', 'overwrite results of another job', false)
      .option('--json', 'print what came of it as JSON, and no progress', false)
    addTaskFlags(command, task)
    command.action(async (clips: string[], { out, force }: { out: string; force: boolean }) => {
      exit = await run(
        { task: task.name, clips, options: taskOptions(command, task), out, force, json },
        interruptible()
      )
    })
  }
  runCommand.on('command:*', ([name]: [string]) => {
    throw new Fault('task-unknown', { task: name, tasks: Object.keys(tasks) })
  })

  const models = program.command('models').description('checkpoints and networks')
  models
    .command('inspect <file...>')
    .description('list what a checkpoint holds; nothing in it is run')
    .option('--under <key>', 'the state dict under these dotted keys, not the one with the most tensors')
    .option('--json', 'as JSON', false)
    .action((files: string[], { under }: { under?: string }) => {
      exit = inspect(files, under, json)
    })
  models
    .command('verify <golden...>')
    .description(
      "build the network of a golden file, run it and compare every stage with the authors' numbers"
    )
    .option('--json', 'as JSON', false)
    .action(async (files: string[]) => {
      exit = await verify(files, json)
    })

  try {
    await program.parseAsync(argv)
  } catch (error) {
    exit = error instanceof CommanderError && error.exitCode === 0 ? 0 : report(error, json)
  }
  await flushed()
  process.exit(exit)
}

const report = (error: unknown, json: boolean) => {
  const fault =
    error instanceof CommanderError
      ? new Fault('usage-wrong', { problem: error.message.replace(/^error: /, '').replaceAll('\n', ' ') })
      : Fault.of(error)
  if (json) printJson({ error: fault })
  else printFault(fault)
  return fault.exit
}
