/** From calls to a graph. */
import { apply, current, outer, within, type Builder, type Root, type Tensor } from './builder.ts'
import type { Graph, Port } from './graph.ts'
import { fail, type Fact } from './operator.ts'

type Outputs = Readonly<Record<string, Tensor>> | readonly Tensor[]

/** A graph of its own, within the one around it if there is one. Outputs in a record get its keys as their names. */
export const construct = (body: () => Outputs): Graph => {
  const around = outer()
  const root: Root = around ?? { names: new Set(), parameters: [], constants: new Map(), pinned: new Set() }
  const builder: Builder = {
    ...root,
    inputs: [],
    nodes: [],
    carriers: new Map(around?.carriers),
    sizes: new Map(around?.sizes)
  }
  const outputs = within(builder, () => exposed(body()))
  if (!around) return freeze(builder, outputs)
  for (const { inputs } of builder.nodes) for (const tensor of inputs) if (tensor) root.pinned.add(tensor)
  return freeze({ ...builder, parameters: [], constants: new Map() }, outputs)
}

/** The tensors that become outputs: results of nodes, each another one, so that they can have names of their own. */
const exposed = (outputs: Outputs) => {
  const { nodes, names, pinned } = current()
  const free = new Set(nodes.flatMap(node => node.outputs).filter(tensor => !pinned.has(tensor)))
  const tensors = Object.entries(outputs as Record<string, Tensor>).map(([name, tensor]) => {
    const output = free.delete(tensor) ? tensor : apply('Identity', [tensor])[0]
    return { name, output }
  })
  if (Array.isArray(outputs)) return tensors.map(({ output }) => output)
  for (const { output } of tensors) names.delete(output.name)
  return tensors.map(({ name, output }) => {
    if (names.has(name)) fail(`an output and another value are both called ${name}`)
    names.add(name)
    output.name = name
    return output
  })
}

const port = ({ name, dtype, shape }: Tensor): Port => ({ name, dtype, shape })

const freeze = (b: Builder, outputs: readonly Tensor[]): Graph => {
  const constants = [...b.constants.values()]
  const tensors = [...b.inputs, ...b.nodes.flatMap(node => node.outputs), ...constants.map(c => c.tensor)]
  const facts = new Map<string, Fact>()
  for (const { name, dtype, shape, contents } of tensors) facts.set(name, { dtype, shape, contents })
  for (const { name, dtype, shape } of b.parameters) facts.set(name, { dtype, shape })
  return {
    inputs: b.inputs.map(port),
    outputs: outputs.map(port),
    nodes: b.nodes.map(({ op, name, inputs, outputs: results, attributes }) => ({
      op,
      name,
      inputs: inputs.map(input => input?.name ?? ''),
      outputs: results.map(result => result.name),
      attributes
    })),
    parameters: b.parameters,
    constants: new Map(constants.map(({ tensor, value }) => [tensor.name, value])),
    facts
  }
}
