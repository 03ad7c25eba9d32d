import { arrayFrom, byteLength, numbersOf } from './data.ts'
import { inline, valueOf, type Graph, type Parameter } from './graph.ts'

/** Parameters are stored in float16; the runtime makes float32 of them when it loads the model. */
export const halve = (graph: Graph): Graph => {
  const large = (parameter: Parameter) => parameter.dtype === 'float32' && byteLength(parameter) >= inline
  const halves = new Map(graph.parameters.filter(large).map(parameter => [parameter.name, halfOf(parameter)]))
  const facts = new Map(graph.facts)
  for (const { name, dtype, shape } of halves.values()) facts.set(name, { dtype, shape })
  const casts = [...halves].map(([name, half]) => ({
    op: 'Cast',
    name: `${name}/Cast`,
    inputs: [half.name],
    outputs: [name],
    attributes: { to: 'float32' as const }
  }))
  return {
    ...graph,
    nodes: [...casts, ...graph.nodes],
    parameters: graph.parameters.map(parameter => halves.get(parameter.name) ?? parameter),
    facts
  }
}

const halfOf = (parameter: Parameter): Parameter => {
  const { name, shape } = parameter
  const dtype = 'float16'
  return {
    name: `${name}/float16`,
    dtype,
    shape,
    derive: values => ({ dtype, shape, data: arrayFrom(dtype, numbersOf(valueOf(parameter, values))) })
  }
}
