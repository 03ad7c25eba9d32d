/** Measurements of clipmill: `npm run bench -- models | pipeline | memory | cold-start`; see docs/benchmarks.md. */
import { Command } from 'commander'
import { printFault } from '../cli/output.ts'
import { faultOf } from '../cli/shell.ts'
import { addColdStart } from './cold-start.ts'
import { addMemory } from './memory.ts'
import { addModels } from './models.ts'
import { addPipeline } from './pipeline.ts'

const program = new Command('bench')
  .description('Measures clipmill on this machine: see docs/benchmarks.md.')
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
for (const add of [addModels, addPipeline, addMemory, addColdStart]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  const fault = faultOf(error)
  if (fault) printFault(fault)
  process.exitCode = fault?.exit ?? 0
}
