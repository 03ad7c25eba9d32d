import type { Graph } from './graph.ts'
import { halve } from './halve.ts'
import { removeDead, simplify } from './passes.ts'
import { quantise } from './quantise.ts'

/** How the weights of a built model are stored; see docs/benchmarks.md for what each costs and saves. */
export const precisions = ['float32', 'float16', 'int8'] as const
export type Precision = (typeof precisions)[number]

const stored: Record<Precision, (graph: Graph) => Graph> = {
  float32: graph => graph,
  float16: halve,
  int8: quantise
}

/** The graph as the runtime should have it. */
export const optimise = (graph: Graph, { precision = 'float32' }: { precision?: Precision } = {}): Graph =>
  removeDead(stored[precision](simplify(graph)))
