/** A graph as plain data: what builders make, passes rewrite and the writer writes. Values are known by name. */
import type { DType, TensorData, Values } from './data.ts'
import type { Shape } from './dim.ts'
import type { AttributeValue, Fact } from './operator.ts'

export interface Node {
  /** ONNX name of the operator, a key of the table. */
  readonly op: string
  /** Unique; begins with the path of the scope that the node belongs to. */
  readonly name: string
  /** Names of values; '' stands for an optional operand that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Only what was given; the table has the defaults. */
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

export interface Port {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

/** A tensor whose values are bound when the graph is written. */
export interface Parameter {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Present on what a pass made: its values follow from those of the checkpoint. */
  readonly derive?: (values: Values) => TensorData
}

export interface Graph {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** In an order of execution. */
  readonly nodes: readonly Node[]
  /** In order of declaration. */
  readonly parameters: readonly Parameter[]
  readonly constants: ReadonlyMap<string, TensorData>
  /** What is known of every value. */
  readonly facts: ReadonlyMap<string, Fact>
}

/** Constants of fewer bytes stay beside the nodes when a graph is written. */
export const inline = 1024

const subgraphsOf = (node: Node): Graph[] =>
  Object.values(node.attributes).filter(value => typeof value === 'object' && 'nodes' in value)

/** The values that a node reads, those that its subgraphs take from around them included. */
export const readsOf = (node: Node): string[] => [
  ...node.inputs.filter(Boolean),
  ...subgraphsOf(node).flatMap(({ inputs, nodes, outputs }) => {
    const own = new Set([...inputs.map(i => i.name), ...nodes.flatMap(n => n.outputs)])
    return [...nodes.flatMap(readsOf), ...outputs.map(o => o.name)].filter(name => !own.has(name))
  })
]

/** The values of a parameter, bound to a checkpoint. */
export const valueOf = (parameter: Parameter, values: Values): TensorData =>
  parameter.derive?.(values) ?? values.read(parameter.name)
