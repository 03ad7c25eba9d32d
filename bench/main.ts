/** Measurements of clipmill: `npm run bench -- models | pipeline | memory`; see docs/benchmarks.md. */
import { Command } from 'commander'
import { printFault } from '../cli/output.ts'
import { Fault } from '../events/faults.ts'
import { addMemory } from './memory.ts'
import { addModels } from './models.ts'
import { addPipeline } from './pipeline.ts'

const program = new Command('bench').description('Measures clipmill on this machine: see docs/benchmarks.md.')
for (const add of [addModels, addPipeline, addMemory]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  const fault = Fault.of(error)
  printFault(fault)
  process.exitCode = fault.exit
}
