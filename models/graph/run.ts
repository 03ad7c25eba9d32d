import type { TensorData } from './data.ts'

/** One run of a graph of a model; it may take the feeds' buffers. */
export type RunGraph = (
  feeds: Readonly<Record<string, TensorData>>,
  graph: string
) => Promise<Readonly<Record<string, TensorData>>>

/** The tensor with elements of its own, for a run that may take its buffer. */
export const copied = <T extends TensorData>(tensor: T): T => ({ ...tensor, data: tensor.data.slice() })
