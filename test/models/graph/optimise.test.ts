import { describe, expect, test } from 'vitest'
import { fill1, input1 } from '../../../models/golden/index.ts'
import { numbersOf } from '../../../models/graph/data.ts'
import { valueOf } from '../../../models/graph/graph.ts'
import {
  build,
  optimise,
  ops,
  precisions,
  structureOf,
  type Graph,
  type Scope
} from '../../../models/graph/index.ts'
import { linear, mlp } from '../../../models/nn/index.ts'
import { runIn, temporaryFolder } from './running.ts'

const tokens = (s: Scope) => s.input('x', 'float32', [1, 8, 64])
const operatorsOf = (graph: Graph) => graph.nodes.map(node => node.op)
const int8 = (graph: Graph) => optimise(graph, { precision: 'int8' })
const float16 = (graph: Graph) => optimise(graph, { precision: 'float16' })

/** Two layers that read the same, and what follows. */
const network = build(s => {
  const x = tokens(s)
  return { y: mlp(s.at('mlp'), x, 96).add(linear(s.at('side'), x, 64, { bias: false })) }
})

describe('a graph as the runtime should have it', () => {
  const run = runIn(temporaryFolder())
  const outputOf = async (graph: Graph) =>
    (await run(graph, fill1(network.parameters), { x: input1('x', [1, 8, 64]) })).y.data as Float32Array

  test('is float32 unless another precision is asked for, with no transposition of weights left', () => {
    const graph = optimise(network)
    expect(operatorsOf(graph)).toEqual(['MatMul', 'Add', 'Gelu', 'MatMul', 'Add', 'MatMul', 'Add'])
    expect(graph.parameters.map(({ dtype }) => dtype)).toEqual(Array(5).fill('float32'))
    expect(structureOf(graph)).toEqual(structureOf(optimise(network, { precision: 'float32' })))
  })

  test.each([
    ['float16', 1e-3],
    ['int8', 0.02]
  ] as const)('deviates little in %s', async (precision, bound) => {
    const exact = await outputOf(optimise(network))
    const rms = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length)
    const ours = await outputOf(optimise(network, { precision }))
    const deviation = rms(ours.map((v, i) => v - exact[i])) / rms(exact)
    expect(deviation).toBeGreaterThan(bound / 100)
    expect(deviation).toBeLessThan(bound)
  })

  test('in int8, linear layers are products of whole numbers; what several read is quantised once', () => {
    expect(operatorsOf(int8(network))).toEqual([
      'DynamicQuantizeLinear',
      'MatMulIntegerToFloat',
      'Gelu',
      'DynamicQuantizeLinear',
      'MatMulIntegerToFloat',
      'MatMulIntegerToFloat',
      'Add'
    ])
  })

  test('the largest weight of a column becomes 63, whatever its scale; a column of zeros stays one', () => {
    const graph = int8(build(s => ({ y: ops.matMul(tokens(s), s.param('weight', [64, 3])) })))
    const elements = new Float32Array(64 * 3)
    elements.set([0.5, -400, 0, -0.25, 100, 0])
    const values = { read: () => ({ dtype: 'float32', shape: [64, 3], data: elements }) as const }
    const [weight, scale] = graph.parameters.map(parameter => valueOf(parameter, values))
    expect(Array.from(numbersOf(weight)).slice(0, 6)).toEqual([63, -63, 0, -31, 16, 0])
    expect(Array.from(numbersOf(scale))).toEqual([0.5, 400, 0].map(most => Math.fround(most / 63)))
  })

  test('products of two tensors, and a bias that is none of a layer, stay as they are', () => {
    const graph = build(s => {
      const x = tokens(s)
      const y = ops.matMul(x, s.param('weight', [64, 64]))
      return { y: y.add(x), z: ops.matMul(x, x.transpose([0, 2, 1])) }
    })
    expect(operatorsOf(int8(graph))).toEqual([
      'DynamicQuantizeLinear',
      'MatMulIntegerToFloat',
      'Add',
      'Transpose',
      'MatMul'
    ])
  })

  test('a product that others read without its bias keeps the bias apart', () => {
    const graph = build(s => {
      const product = ops.matMul(tokens(s), s.param('weight', [64, 64]))
      return { y: product.add(s.param('bias', [64])), product }
    })
    expect(operatorsOf(int8(graph))).toEqual(['DynamicQuantizeLinear', 'MatMulIntegerToFloat', 'Add'])
  })

  test('in float16, all but the smallest parameters are stored in halves', () => {
    const { parameters } = float16(network)
    expect(parameters.map(({ dtype, shape }) => [dtype, shape.join('x')])).toEqual(
      expect.arrayContaining([
        ['float16', '64x96'],
        ['float16', '96x64'],
        ['float32', '96']
      ])
    )
  })

  test('parameters of different precision have different names', () => {
    const names = precisions.map(precision =>
      optimise(network, { precision })
        .parameters.filter(({ shape }) => shape.length === 2)
        .map(p => p.name)
    )
    expect(new Set(names.flat()).size).toBe(names.flat().length)
  })
})
