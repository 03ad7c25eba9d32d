import { describe, expect, test } from 'vitest'
import { input1 } from '../../../models/golden/index.ts'
import { times } from '../../../models/graph/dim.ts'
import { numbersOf, arrayFrom, sizeOf } from '../../../models/graph/data.ts'
import {
  build,
  constant,
  dim,
  foldConstants,
  ifElse,
  loop,
  ops,
  toEnd,
  type Dim,
  type DType,
  type Tensor,
  type TensorData
} from '../../../models/graph/index.ts'
import { operators, plainOperators } from '../../../models/graph/operators/index.ts'
import { noValues, runIn, temporaryFolder, valueOfDim } from './running.ts'

/** What a case is given: operands, whose sizes may be named, and are symbolic then in one of the tests. */
interface Make {
  /** A float32 tensor of noise. */
  noise: (...shape: (number | Size)[]) => Tensor
  /** A tensor of these numbers. */
  of: (dtype: DType, shape: number[], numbers: number[]) => Tensor
}
type Size = readonly [symbol: string, value: number]
const h = (value: number): Size => ['h', value]
const w = (value: number): Size => ['w', value]

const abs = (x: Tensor) => ops.abs(x)

const cases: Record<string, (make: Make) => Tensor | Tensor[]> = {
  add: m => m.noise(2, 1, 3).add(m.noise(4, 1)),
  'add a number': m => m.noise(2, 3).add(0.5),
  sub: m => m.noise(2, h(3)).sub(m.noise(1, h(3))),
  mul: m => m.noise(2, 3).mul(m.noise()),
  div: m => m.noise(2, 3).div(m.noise(2, 3)),
  'div of integers': m => m.of('int64', [4], [7, -7, 6, 0]).div(m.of('int64', [], [2])),
  pow: m => ops.pow(abs(m.noise(3)), 2),
  min: m => ops.min([m.noise(2, 3), m.noise(3), m.noise(1)]),
  max: m => ops.max([m.noise(2, 3), 0]),
  clip: m => ops.clip(m.noise(2, h(3)), -0.5, 0.5),
  'clip from above': m => ops.clip(m.noise(2, 3), undefined, 0.5),
  abs: m => abs(m.noise(4)),
  neg: m => ops.neg(m.noise(4)),
  sqrt: m => ops.sqrt(abs(m.noise(4))),
  exp: m => ops.exp(m.noise(4)),
  log: m => ops.log(abs(m.noise(4))),
  sin: m => ops.sin(m.noise(4)),
  cos: m => ops.cos(m.noise(4)),
  floor: m => ops.floor(m.noise(4)),
  erf: m => ops.erf(m.noise(4)),
  relu: m => ops.relu(m.noise(4)),
  leakyRelu: m => ops.leakyRelu(m.noise(4), { alpha: 0.1 }),
  sigmoid: m => ops.sigmoid(m.noise(h(4))),
  tanh: m => ops.tanh(m.noise(4)),
  multiHeadAttention: m =>
    ops.multiHeadAttention(
      m.noise(2, 3, 8),
      m.noise(2, 5, 8),
      m.noise(2, 5, 8),
      undefined,
      undefined,
      undefined,
      { num_heads: 2 }
    ),
  'multiHeadAttention with biases': m =>
    ops.multiHeadAttention(
      m.noise(2, h(3), 8),
      m.noise(2, h(3), 8),
      m.noise(2, h(3), 8),
      m.noise(24),
      undefined,
      m.noise(1, 2, h(3), h(3)),
      { num_heads: 2, scale: 0.4 }
    ),
  gelu: m => ops.gelu(m.noise(4)),
  equal: m => ops.equal(m.of('int64', [3], [1, 2, 3]), 2),
  less: m => ops.less(m.noise(2, 3), m.noise(3)),
  greater: m => ops.greater(m.noise(h(3)), 0),
  and: m => ops.and(ops.less(m.noise(3), 0.5), ops.less(m.noise(3), 1)),
  not: m => ops.not(ops.less(m.noise(3), 0)),
  where: m => ops.where(ops.less(m.noise(2, 1), 0), m.noise(3), m.noise(2, 3)),
  identity: m => ops.identity(m.noise(h(2), 3)),
  'cast to integers': m => m.noise(5).mul(10).cast('int32'),
  'cast to bool': m => m.of('int64', [3], [0, 1, -2]).cast('bool'),
  cumSum: m => ops.cumSum(m.noise(2, h(3)), 1, { exclusive: 1 }),

  matMul: m => m.noise(2, 1, h(4), 3).matMul(m.noise(5, 3, w(2))),
  'matMul of a row': m => m.noise(3).matMul(m.noise(2, 3, 4)),
  'matMul of a column': m => m.noise(2, 4, 3).matMul(m.noise(3)),
  gemm: m => ops.gemm(m.noise(3, h(2)), m.noise(4, 3), m.noise(4), { transA: 1, transB: 1, alpha: 0.5 }),
  dynamicQuantizeLinear: m => ops.dynamicQuantizeLinear(m.noise(2, h(3))),
  matMulIntegerToFloat: m => {
    const [bytes, scale, zero] = ops.dynamicQuantizeLinear(m.noise(2, h(3), 4))
    const weight = m.of('int8', [4, 2], [-63, 0, 5, 7, 63, -1, 2, 9])
    return ops.matMulIntegerToFloat(bytes, weight, scale, m.noise(2), zero, undefined, m.noise(2))
  },
  softmax: m => ops.softmax(m.noise(2, h(3)), { axis: 0 }),
  layerNormalization: m =>
    ops.layerNormalization(m.noise(2, h(3), 4), m.noise(4), m.noise(4), { epsilon: 1e-6 }),
  'layerNormalization of two axes': m => ops.layerNormalization(m.noise(2, 3, 4), m.noise(3, 4), { axis: 1 }),
  batchNormalization: m =>
    ops.batchNormalization(m.noise(2, 3, h(4)), m.noise(3), m.noise(3), m.noise(3), abs(m.noise(3))),

  conv: m =>
    ops.conv(m.noise(1, 4, h(9), w(8)), m.noise(6, 2, 3, 3), m.noise(6), {
      group: 2,
      strides: [2, 2],
      pads: [1, 1, 1, 1]
    }),
  'conv without padding': m =>
    ops.conv(m.noise(1, 3, h(9), w(8)), m.noise(2, 3, 3, 2), { dilations: [2, 1] }),
  'conv of patches': m => ops.conv(m.noise(1, 3, h(9), 8), m.noise(2, 3, 4, 4), { strides: [4, 4] }),
  'conv in three dimensions': m =>
    ops.conv(m.noise(1, 3, 4, h(6), 6), m.noise(2, 3, 2, 2, 2), { strides: [2, 2, 2] }),
  convTranspose: m =>
    ops.convTranspose(m.noise(1, 4, h(5), w(3)), m.noise(4, 3, 3, 3), m.noise(6), {
      group: 2,
      strides: [2, 2],
      pads: [1, 0, 1, 1],
      output_padding: [1, 1],
      dilations: [1, 2]
    }),
  maxPool: m =>
    ops.maxPool(m.noise(1, 2, h(7), w(8)), { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0] }),
  averagePool: m => ops.averagePool(m.noise(1, 2, h(7), 8), { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  globalAveragePool: m => ops.globalAveragePool(m.noise(1, 2, h(7), w(8))),
  'resize by scales': m =>
    ops.resize(m.noise(1, 2, h(4), 3), undefined, [1, 1, 2, 2], {
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor'
    }),
  'resize down': m => ops.resize(m.noise(1, 2, h(5), w(4)), undefined, [1, 1, 0.5, 0.5], { mode: 'linear' }),
  'resize to sizes': m =>
    ops.resize(m.noise(1, 2, 4, 3), undefined, undefined, [1, 2, 7, 5], { mode: 'cubic', antialias: 1 }),
  gridSample: m =>
    ops.gridSample(m.noise(2, 3, h(4), 5), m.noise(2, w(6), 7, 2), {
      padding_mode: 'border',
      align_corners: 1
    }),
  depthToSpace: m => ops.depthToSpace(m.noise(1, 8, h(2), 3), { blocksize: 2, mode: 'CRD' }),
  spaceToDepth: m => ops.spaceToDepth(m.noise(1, 2, 4, 6), { blocksize: 2 }),

  concat: m => ops.concat([m.noise(2, 3, 2), m.noise(2, 1, 2), m.noise(2, h(4), 2)], { axis: -2 }),
  'split into parts': m => ops.split(m.noise(2, 6, 2), [1, 2, 3], { axis: 1 }),
  'split evenly': m => ops.split(m.noise(7, 2), { num_outputs: 3 }),
  slice: m => ops.slice(m.noise(h(6), 5), [1, 0], [toEnd, -1], [0, 1], [2, 1]),
  'slice backwards': m => ops.slice(m.noise(6, 5), [-1, 3], [-toEnd, 0], [0, 1], [-2, -1]),
  'slice too far': m => ops.slice(m.noise(6, 5), [2], [100]),
  gather: m => ops.gather(m.noise(3, h(4), 2), m.of('int64', [2, 2], [0, 2, -1, 1]), { axis: 0 }),
  'gather one': m => ops.gather(m.noise(3, 4), m.of('int64', [], [2]), { axis: 1 }),
  reshape: m => m.noise(2, h(6), 4).reshape([0, -1, 2]),
  'reshape by sizes': m => {
    const x = m.noise(2, h(6), w(4))
    return x.reshape([x.shape[1], 2, x.shape[2]])
  },
  'reshape to a product of sizes': m => {
    const x = m.noise(2, h(6), w(4))
    return x.reshape([2, times(x.shape[1], x.shape[2])])
  },
  squeeze: m => ops.squeeze(m.noise(1, h(3), 1), [0, -1]),
  'squeeze all': m => ops.squeeze(m.noise(1, 3, 1)),
  unsqueeze: m => ops.unsqueeze(m.noise(h(3), 2), [0, -1]),
  transpose: m => m.noise(2, h(3), 4).transpose([2, 0, 1]),
  'transpose backwards': m => ops.transpose(m.noise(2, 3, 4)),
  expand: m => ops.expand(m.noise(3, 1), [2, 1, 4]),
  tile: m => ops.tile(m.noise(h(2), 3), [2, 2]),
  pad: m => ops.pad(m.noise(h(2), 3), [1, 0, 2, 1], 0.5),
  'pad by reflection': m => ops.pad(m.noise(4, 5), [1, 2], undefined, [1], { mode: 'reflect' }),
  shape: m => ops.shape(m.noise(2, 3, 4), { start: -2 }),
  range: () => ops.range(3, 10, 2),
  'range downwards': () => ops.range(constant('float32', [], [1]), -1, -0.5),
  constantOfShape: () =>
    ops.constantOfShape([2, 3], { value: { dtype: 'int64', shape: [1], data: BigInt64Array.of(7n) } }),

  reduceMean: m => ops.reduceMean(m.noise(2, h(3), 4), [0, -1], { keepdims: 0 }),
  reduceSum: m => ops.reduceSum(m.noise(2, h(3), 4), [1]),
  reduceMax: m => ops.reduceMax(m.noise(2, 3)),
  reduceMin: m => ops.reduceMin(m.noise(2, 3), [1]),
  argMax: m => ops.argMax(m.noise(2, h(3)), { axis: 1, keepdims: 0 }),
  topK: m => ops.topK(m.noise(2, h(5)), [3]),

  ifElse: m => {
    const x = m.noise(2, 3)
    const one = ops.squeeze(ops.slice(m.noise(3), [0], [1]))
    return ifElse(
      ops.greater(one, 0),
      () => [x.add(1)],
      () => [x]
    )
  },
  loop: m => {
    const x = m.noise(2)
    return loop(3, [x], (_, [state]) => ({ states: [state.mul(2)], rows: [state.add(x)] }))
  },
  'loop while': m =>
    loop(10, [m.noise(2), constant('int64', [], [0])], (_, [x, n]) => ({
      states: [x.add(1), n.add(1)],
      condition: ops.less(n, 3)
    }))
}

/** Builds a case with operands made by `operand`; `feeds` holds the values of noise and numbers, by name. */
const buildCase = (name: string, symbolic: boolean, asConstants = false) => {
  const feeds: Record<string, TensorData> = {}
  const graph = build(s => {
    const operand = (shape: Dim[], data: TensorData) => {
      const input = `x${Object.keys(feeds).length}`
      feeds[input] = data
      return asConstants
        ? constant(data.dtype, data.shape, numbersOf(data))
        : s.input(input, data.dtype, shape)
    }
    const result = cases[name]({
      noise: (...sizes) => {
        const numbers = sizes.map(size => (typeof size === 'number' ? size : size[1]))
        const shape = sizes.map((size, i) =>
          typeof size === 'number' || !symbolic ? numbers[i] : dim(size[0])
        )
        return operand(shape, input1(`x${Object.keys(feeds).length}`, numbers))
      },
      of: (dtype, shape, numbers) => operand(shape, { dtype, shape, data: arrayFrom(dtype, numbers) })
    })
    return Object.fromEntries(
      [result].flat().map((tensor, i) => [`y${i}`, asConstants ? ops.identity(tensor) : tensor])
    )
  })
  return { graph, feeds }
}

const close = (dtype: DType) => (dtype === 'float32' ? 2e-6 : 0)

describe('operators, in the runtime', () => {
  const run = runIn(temporaryFolder())

  test('each operator of the table has a case', () => {
    const used = new Set(
      Object.keys(cases).flatMap(name => buildCase(name, false).graph.nodes.map(node => node.op))
    )
    expect([...Object.keys(plainOperators), 'If', 'Loop'].filter(name => !used.has(name))).toEqual([])
  })

  test.each(Object.keys(cases))('%s', async name => {
    const { graph, feeds } = buildCase(name, false)
    const results = await run(graph, noValues, feeds)
    for (const { name: output, dtype, shape } of graph.outputs) {
      const { data, ...fact } = results[output]
      // The number of a loop's iterations is known when it has run.
      const known = shape.map((size, i) => (typeof size === 'number' ? size : fact.shape[i]))
      expect(fact).toEqual({ dtype, shape: known })
      expect(data.length).toBe(sizeOf(fact.shape))
    }

    // The same sizes as symbols, which stand for the sizes of the feeds.
    const symbolic = buildCase(name, true)
    const symbols: Record<string, number> = {}
    for (const { name: input, shape } of symbolic.graph.inputs)
      shape.forEach((size, i) => typeof size === 'number' || (symbols[size.text] = feeds[input].shape[i]))
    if (Object.keys(symbols).length) {
      const again = await run(symbolic.graph, noValues, feeds)
      for (const { name: output, shape } of symbolic.graph.outputs) {
        expect(shape.map(size => valueOfDim(String(size), symbols))).toEqual(results[output].shape)
        expect(again[output]).toEqual(results[output])
      }
    }

    // The same operands as constants, from which evaluators compute the result.
    const folded = foldConstants(buildCase(name, false, true).graph)
    const used = new Set(graph.nodes.map(node => node.op))
    if ([...used].every(op => operators[op].evaluate))
      for (const { inputs, outputs } of folded.nodes) {
        const ours = folded.constants.get(inputs[0])!
        const golden = results[outputs[0]]
        expect(ours.shape).toEqual(golden.shape)
        const [a, b] = [numbersOf(ours), numbersOf(golden)]
        const worst = Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]) / Math.max(1, Math.abs(b[i]))))
        expect(worst).toBeLessThanOrEqual(close(golden.dtype))
      }
  })
})
