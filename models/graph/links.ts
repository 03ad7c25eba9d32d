/** Which nodes hang together. */
import { readsOf, type Graph, type Node } from './graph.ts'

export interface Links {
  /** The node that the value comes from; undefined for inputs, parameters and constants. */
  producer: (value: string) => Node | undefined
  /** The nodes that read the value. */
  readers: (value: string) => readonly Node[]
  /** The one node that reads the node's only result; undefined where others do, or it is an output. */
  next: (node: Node) => Node | undefined
}

export const linksOf = ({ nodes, outputs }: Graph): Links => {
  const producers = new Map(nodes.flatMap(node => node.outputs.map(value => [value, node])))
  const reads = nodes.flatMap(node => readsOf(node).map(value => ({ value, node })))
  const readers = Map.groupBy(reads, ({ value }) => value)
  const exposed = new Set(outputs.map(({ name }) => name))
  const of = (value: string) => (readers.get(value) ?? []).map(({ node }) => node)
  return {
    producer: value => producers.get(value),
    readers: of,
    next: ({ outputs: [value, ...others] }) => {
      const [reader, ...more] = of(value)
      return others.length || more.length || exposed.has(value) ? undefined : reader
    }
  }
}
