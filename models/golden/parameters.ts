import { z } from 'zod'
import type { Parameter } from '../graph/graph.ts'
import { deviationOf, type StageDeviation } from './compare.ts'

/** Name, shape, type, and whether it is trained, of each parameter of the authors' network. */
export const goldenParameters = z.array(
  z.tuple([z.string(), z.array(z.int().positive()), z.string(), z.boolean()])
)

/** The stage "parameters": how many names, shapes or types our list and a golden one do not share. */
export const compareParameters = (
  parameters: readonly Parameter[],
  golden: readonly (readonly [name: string, shape: readonly number[], dtype: string, ...rest: unknown[]])[]
): StageDeviation => {
  const ours = new Set(parameters.map(p => `${p.name} ${p.dtype} [${p.shape.join(', ')}]`))
  const theirs = new Set(golden.map(([name, shape, dtype]) => `${name} ${dtype} [${shape.join(', ')}]`))
  const different = [...ours, ...theirs].filter(row => !ours.has(row) || !theirs.has(row))
  const result = deviationOf('parameters', different.length, 0)
  return different.length
    ? { ...result, problem: `in one list only: ${different.slice(0, 4).join('; ')}` }
    : result
}
