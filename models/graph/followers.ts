import { readsOf, type Graph, type Node } from './graph.ts'

/** For a node, the one node that reads its only result; undefined where others do, or it is an output of the graph. */
export const followersOf = ({ nodes, outputs }: Graph): ((node: Node) => Node | undefined) => {
  const reads = nodes.flatMap(node => readsOf(node).map(name => ({ name, node })))
  const readers = Map.groupBy(reads, ({ name }) => name)
  const exposed = new Set(outputs.map(({ name }) => name))
  return ({ outputs: [result, ...others] }) => {
    const [reader, ...more] = readers.get(result) ?? []
    return others.length || more.length || exposed.has(result) ? undefined : reader?.node
  }
}
