import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { simplify, writeModel, type Graph, type TensorData, type Values } from '../graph/index.ts'
import type { Parameter } from '../graph/graph.ts'
import { fill1 } from './fill.ts'

type Feeds = Readonly<Record<string, TensorData>>
type Outputs = Readonly<Record<string, TensorData>>

/** Runs the model in `dir` (`model.onnx`, `model.weights`) and gives all its outputs; it may take the feeds' buffers. */
export type RunModel = (dir: string, feeds: Feeds) => Promise<Outputs>

/**
 * Lets `use` run the graph with its parameters filled by the rule; the feeds' buffers stay the caller's.
 * @param fill the rule, where the golden file makes exceptions
 */
export const withFilled = async <T>(
  graph: Graph,
  run: RunModel,
  use: (feed: (feeds: Feeds) => Promise<Outputs>) => Promise<T>,
  fill: (parameters: readonly Parameter[]) => Values = fill1
): Promise<T> => {
  const dir = await mkdtemp(path.join(tmpdir(), 'clipmill-verify-'))
  try {
    await writeModel(simplify(graph), fill(graph.parameters), dir)
    return await use(feeds => run(dir, structuredClone(feeds)))
  } finally {
    await rm(dir, { recursive: true })
  }
}
