import type { Graph } from '../models/graph/index.ts'

const product = (sizes: readonly unknown[]) => sizes.reduce((all: number, size) => all * Number(size), 1)

/** Multiply-adds of a graph of fixed sizes in its products and convolutions, which is nearly all that it computes. */
export const multiplyAdds = ({ nodes, facts }: Graph): number => {
  const shape = (name: string) => facts.get(name)!.shape
  return nodes.reduce((sum, { op, inputs, outputs }) => {
    if (op === 'MatMul') return sum + product(shape(outputs[0])) * Number(shape(inputs[0]).at(-1))
    if (op === 'Conv') return sum + product(shape(outputs[0])) * product(shape(inputs[1]).slice(1))
    return sum
  }, 0)
}
