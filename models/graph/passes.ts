/** Rewritings of a graph that leave its outputs as they are: each is a plain function from graph to graph. */
import { arrayFrom, byteLength, numbersOf, type TensorData, type Values } from './data.ts'
import { followersOf } from './followers.ts'
import { inline, readsOf, valueOf, type Graph, type Node, type Parameter } from './graph.ts'
import { operators } from './operators/index.ts'
import { resolve, type Elements, type Fact } from './operator.ts'

/** Everything that no output needs goes: nodes, constants and parameters. Inputs stay. */
export const removeDead = (graph: Graph): Graph => {
  const needed = new Set(graph.outputs.map(output => output.name))
  const nodes = graph.nodes
    .toReversed()
    .filter(node => {
      const live = node.outputs.some(name => needed.has(name))
      if (live) for (const name of readsOf(node)) needed.add(name)
      return live
    })
    .toReversed()
  return {
    ...graph,
    nodes,
    parameters: graph.parameters.filter(({ name }) => needed.has(name)),
    constants: new Map([...graph.constants].filter(([name]) => needed.has(name)))
  }
}

const isFixed = (shape: Fact['shape']): shape is readonly number[] => shape.every(d => typeof d === 'number')

const bytesOf = (facts: readonly Fact[]) =>
  facts.reduce((sum, { dtype, shape }) => sum + byteLength({ dtype, shape: shape as readonly number[] }), 0)

const evaluate = (node: Node, inputs: (TensorData | undefined)[], results: Fact[]): TensorData[] => {
  const op = operators[node.op]
  const elements = inputs.map(
    (input): Elements | undefined => input && { shape: input.shape, data: numbersOf(input) }
  )
  return op.evaluate!(elements, resolve(op, node.attributes), results).map((data, i) => {
    const { dtype, shape } = results[i] as { dtype: TensorData['dtype']; shape: readonly number[] }
    return { dtype, shape, data: arrayFrom(dtype, data as ArrayLike<number>) }
  })
}

/**
 * What follows from constants alone becomes a constant, what follows from constants and parameters a parameter that
 * is computed when its values are read; but nothing that is larger than what it follows from and too large to stay
 * beside the nodes. Computed in float64, rounded once a node.
 */
export const foldConstants = (graph: Graph): Graph => {
  const constants = new Map(graph.constants)
  const parameters = new Map(graph.parameters.map(parameter => [parameter.name, parameter]))
  const outputs = new Set(graph.outputs.map(output => output.name))

  const fold = (node: Node): boolean => {
    const results = node.outputs.map(name => graph.facts.get(name)!)
    if (node.outputs.some(name => outputs.has(name))) return false
    const [{ contents, dtype, shape }] = results as [Fact]
    if (results.length === 1 && contents && isFixed(contents) && isFixed(shape)) {
      constants.set(node.outputs[0], { dtype, shape, data: arrayFrom(dtype, contents) })
      return true
    }
    const operands = node.inputs.filter(Boolean).map(name => graph.facts.get(name)!)
    if (!operators[node.op].evaluate || ![...operands, ...results].every(f => isFixed(f.shape))) return false
    if (bytesOf(results) > Math.max(inline, bytesOf(operands))) return false
    if (!node.inputs.every(name => name === '' || constants.has(name) || parameters.has(name))) return false
    const compute = (values?: Values) =>
      evaluate(
        node,
        node.inputs.map(
          name => constants.get(name) ?? (name ? valueOf(parameters.get(name)!, values!) : undefined)
        ),
        results
      )
    if (node.inputs.some(name => parameters.has(name)))
      node.outputs.forEach((name, i) =>
        parameters.set(name, {
          name,
          dtype: results[i].dtype,
          shape: results[i].shape as readonly number[],
          derive: values => compute(values)[i]
        })
      )
    else compute().forEach((value, i) => constants.set(node.outputs[i], value))
    return true
  }

  const nodes = graph.nodes.filter(node => !fold(node))
  return { ...graph, nodes, constants, parameters: [...parameters.values()] }
}

/**
 * Batch normalisation after a convolution becomes part of its weight and bias:
 * W' = W g / sqrt(var + eps), b' = beta + (b - mean) g / sqrt(var + eps), in float64, rounded once.
 */
export const foldBatchNorm = (graph: Graph): Graph => {
  const followerOf = followersOf(graph)
  const given = new Map(graph.parameters.map(parameter => [parameter.name, parameter]))
  const made: Parameter[] = []
  const replaced = new Map<Node, Node[]>()

  for (const conv of graph.nodes) {
    const norm = conv.op === 'Conv' ? followerOf(conv) : undefined
    if (norm?.op !== 'BatchNormalization') continue
    const [, weightName, biasName] = conv.inputs
    const [weight, bias, ...norms] = [weightName, biasName ?? '', ...norm.inputs.slice(1)].map(n =>
      given.get(n)
    )
    if (!weight || (biasName && !bias) || !norms.every(p => p !== undefined)) continue
    const folded = batchNormFolder(weight, bias, norms as [Parameter, Parameter, Parameter, Parameter], norm)
    made.push(folded.weight, folded.bias)
    replaced.set(conv, [
      { ...conv, inputs: [conv.inputs[0], folded.weight.name, folded.bias.name], outputs: norm.outputs }
    ])
    replaced.set(norm, [])
  }
  const facts = new Map(graph.facts)
  for (const { name, dtype, shape } of made) facts.set(name, { dtype, shape })
  return {
    ...graph,
    nodes: graph.nodes.flatMap(node => replaced.get(node) ?? [node]),
    parameters: [...graph.parameters, ...made],
    facts
  }
}

const batchNormFolder = (
  weight: Parameter,
  bias: Parameter | undefined,
  [gain, shift, mean, variance]: [Parameter, Parameter, Parameter, Parameter],
  norm: Node
): { weight: Parameter; bias: Parameter } => {
  const { epsilon } = resolve(operators[norm.op], norm.attributes) as { epsilon: number }
  const read = (parameter: Parameter, values: Values) => numbersOf(valueOf(parameter, values))
  const scales = (values: Values) => {
    const v = read(variance, values)
    return Array.from(read(gain, values), (g, k) => g / Math.sqrt(v[k] + epsilon))
  }
  const { dtype } = weight
  const shape = [weight.shape[0]]
  return {
    weight: {
      name: `${weight.name}/${norm.name}`,
      dtype,
      shape: weight.shape,
      derive: values => {
        const w = read(weight, values)
        const kernel = w.length / shape[0]
        const scale = scales(values)
        const folded = new Float64Array(w.length)
        for (let i = 0; i < w.length; i++) folded[i] = w[i] * scale[Math.floor(i / kernel)]
        return { dtype, shape: weight.shape, data: arrayFrom(dtype, folded) }
      }
    },
    bias: {
      name: `${shift.name}/${norm.name}`,
      dtype,
      shape,
      derive: values => {
        const [beta, m] = [read(shift, values), read(mean, values)]
        const b = bias && read(bias, values)
        const folded = scales(values).map((scale, k) => beta[k] + ((b?.[k] ?? 0) - m[k]) * scale)
        return { dtype, shape, data: arrayFrom(dtype, folded) }
      }
    }
  }
}

/** All that is safe anywhere; the model becomes no larger. */
export const simplify = (graph: Graph) => removeDead(foldConstants(foldBatchNorm(graph)))
