import { numbersOf, sizeOf, type Values } from './data.ts'
import { followersOf } from './followers.ts'
import { valueOf, type Graph, type Node, type Parameter } from './graph.ts'

/**
 * Weights become whole numbers of -63 to 63 times a scale of their column: seven bits, since processors without
 * instructions for it (AVX2 alone) add two products of bytes in 16 bits, which those of eight bits do not fit into.
 */
const limit = 63

interface Linear {
  x: string
  weight: Parameter
  bias: string | undefined
  /** The product, or the addition of the bias behind it. */
  last: Node
}

/**
 * Linear layers in eight bits: the product of a tensor and a parameter [K, N], with its bias, becomes one of whole
 * numbers. The tensor's scale follows from its range as it comes; it is quantised once for all that read it.
 */
export const quantise = (graph: Graph): Graph => {
  const followerOf = followersOf(graph)
  const parameters = new Map(graph.parameters.map(parameter => [parameter.name, parameter]))
  const facts = new Map(graph.facts)
  const quantised = new Set<string>()
  const replaced = new Map<Node, Node[]>()

  for (const product of graph.nodes) {
    const linear = linearAt(product, parameters, followerOf)
    if (!linear) continue
    const { x, weight, bias, last } = linear
    const [bytes, scale, zero] = [`${x}/uint8`, `${x}/scale`, `${x}/zero`]
    const byteWeights = bytesOf(weight)
    for (const made of byteWeights) {
      parameters.set(made.name, made)
      facts.set(made.name, { dtype: made.dtype, shape: made.shape })
    }
    const quantiser: Node = {
      op: 'DynamicQuantizeLinear',
      name: `${x}/DynamicQuantizeLinear`,
      inputs: [x],
      outputs: [bytes, scale, zero],
      attributes: {}
    }
    facts.set(bytes, { dtype: 'uint8', shape: facts.get(x)!.shape })
    facts.set(scale, { dtype: 'float32', shape: [] })
    facts.set(zero, { dtype: 'uint8', shape: [] })
    const [w, s] = byteWeights.map(({ name }) => name) as [string, string]
    const fused: Node = {
      ...product,
      op: 'MatMulIntegerToFloat',
      inputs: [bytes, w, scale, s, zero, ...(bias ? ['', bias] : [])],
      outputs: last.outputs
    }
    if (last !== product) replaced.set(last, [])
    replaced.set(product, quantised.has(x) ? [fused] : [quantiser, fused])
    quantised.add(x)
  }
  return {
    ...graph,
    nodes: graph.nodes.flatMap(node => replaced.get(node) ?? [node]),
    parameters: [...parameters.values()],
    facts
  }
}

const linearAt = (
  product: Node,
  parameters: ReadonlyMap<string, Parameter>,
  followerOf: ReturnType<typeof followersOf>
): Linear | undefined => {
  const weight = product.op === 'MatMul' ? parameters.get(product.inputs[1]) : undefined
  if (weight?.dtype !== 'float32' || weight.shape.length !== 2) return undefined
  const [x] = product.inputs as [string]
  const reader = followerOf(product)
  const bias = reader?.op === 'Add' && reader.inputs.find(name => name !== product.outputs[0])
  return bias && parameters.get(bias)?.shape.length === 1
    ? { x, weight, bias, last: reader }
    : { x, weight, bias: undefined, last: product }
}

/** The weight [K, N] in whole numbers, and the scales [N] of its columns. */
const bytesOf = (weight: Parameter): [Parameter, Parameter] => {
  const { name, shape } = weight
  const columns = shape[1]
  const read = (values: Values) => numbersOf(valueOf(weight, values))
  const scalesOf = (w: ArrayLike<number>) => {
    const scales = new Float32Array(columns)
    for (let i = 0; i < w.length; i++) scales[i % columns] = Math.max(scales[i % columns], Math.abs(w[i]))
    return scales.map(most => most / limit)
  }
  return [
    {
      name: `${name}/int8`,
      dtype: 'int8',
      shape,
      derive: values => {
        const w = read(values)
        const scales = scalesOf(w)
        const data = new Int8Array(sizeOf(shape))
        for (let i = 0; i < data.length; i++) data[i] = Math.round(w[i] / (scales[i % columns] || 1))
        return { dtype: 'int8', shape, data }
      }
    },
    {
      name: `${name}/int8 scale`,
      dtype: 'float32',
      shape: [columns],
      derive: values => ({ dtype: 'float32', shape: [columns], data: scalesOf(read(values)) })
    }
  ]
}
