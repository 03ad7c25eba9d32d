import { Command } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { addCloud } from './cloud.ts'
import { addDeploy } from './deploy.ts'
import { addDoctor } from './doctor.ts'
import { addEval } from './eval.ts'
import { addJobs } from './jobs.ts'
import { addModels } from './models.ts'
import { endWithPipe, flushed, printFault, printJson } from './output.ts'
import { addPlan } from './plan.ts'
import { addRun } from './run.ts'
import { addServe } from './serve.ts'
import { commandIn, faultOf, openShell } from './shell.ts'

const exitCodes = `
Exit codes:
  0 done    1 a bug of ours    2 wrong usage    3 input missing or unreadable    4 model missing or wrong
  5 temporary, try again    6 limit reached    7 finished in part    8 cloud permission or quota    130 stopped`

/** Runs the command line and ends the process with its exit code. */
export const main = async (argv: string[]) => {
  endWithPipe()
  const shell = openShell(argv.includes('--json'))
  const program = new Command('clipmill')
    .description('Turns a clip into what you want of it: see the tasks with clipmill run --help.')
    .version(packageJson.version)
    .addHelpText('after', exitCodes)
    .exitOverride()
    // What commander has to say of wrong usage is said as a fault, below.
    .configureOutput({ outputError: () => undefined })
  for (const add of [addRun, addPlan, addServe, addJobs, addEval, addModels, addDeploy, addCloud, addDoctor])
    add(program, shell)

  try {
    await program.parseAsync(argv)
  } catch (error) {
    const fault = faultOf(error, commandIn(program, argv.slice(2)))
    if (fault && shell.json) printJson({ error: fault })
    else if (fault) printFault(fault)
    shell.exit = fault?.exit ?? 0
  }
  await flushed()
  process.exit(shell.exit)
}
