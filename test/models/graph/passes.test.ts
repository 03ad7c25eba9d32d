import { describe, expect, test } from 'vitest'
import { fill1, input1 } from '../../../models/golden/index.ts'
import { valueOf } from '../../../models/graph/graph.ts'
import {
  build,
  constant,
  foldBatchNorm,
  foldConstants,
  ifElse,
  ops,
  removeDead,
  simplify,
  type Graph,
  type Scope,
  type Values
} from '../../../models/graph/index.ts'
import { batchNorm, conv2d, linear } from '../../../models/nn/index.ts'
import { runIn, temporaryFolder } from './running.ts'

const picture = (s: Scope) => s.input('x', 'float32', [1, 3, 8, 8])
const convNorm = (s: Scope) =>
  batchNorm(s.at('bn'), conv2d(s.at('conv'), picture(s), 4, { kernel: 3 }), { eps: 1e-3 })
const operatorsOf = (graph: Graph) => graph.nodes.map(node => node.op)

describe('passes', () => {
  const run = runIn(temporaryFolder())
  const same = async (before: Graph, after: Graph, shape: number[]) => {
    const [values, feeds] = [fill1(before.parameters), { x: input1('x', shape) }]
    const [a, b] = [await run(removeDead(before), values, feeds), await run(after, values, feeds)]
    return Math.max(
      ...Array.from(a.y.data as Float32Array, (v, i) => Math.abs(v - (b.y.data as Float32Array)[i]))
    )
  }

  test('batch norm becomes part of the convolution before it', async () => {
    const graph = build(s => ({ y: convNorm(s) }))
    const folded = removeDead(foldBatchNorm(graph))
    expect(operatorsOf(folded)).toEqual(['Conv'])
    expect(folded.parameters.map(({ shape }) => shape)).toEqual([[4, 3, 3, 3], [4]])
    expect(await same(graph, folded, [1, 3, 8, 8])).toBeLessThan(1e-6)
  })

  test('it is folded in float64 and rounded once', () => {
    const graph = build(s => ({ y: convNorm(s) }))
    const values = fill1(graph.parameters)
    const read = (name: string) => values.read(name).data as Float32Array
    const [weight, bias] = removeDead(foldBatchNorm(graph)).parameters.map(p => valueOf(p, values).data)
    const scale = read('bn.weight')[2] / Math.sqrt(read('bn.running_var')[2] + 1e-3)
    expect(weight[2 * 27 + 5]).toBe(Math.fround(read('conv.weight')[2 * 27 + 5] * scale))
    expect(bias[2]).toBe(
      Math.fround(read('bn.bias')[2] + (read('conv.bias')[2] - read('bn.running_mean')[2]) * scale)
    )
  })

  test('a convolution that others read, too, keeps its batch norm', () => {
    const graph = build(s => {
      const x = conv2d(s.at('conv'), picture(s), 4, { kernel: 1 })
      return { y: batchNorm(s.at('bn'), x).add(x) }
    })
    expect(operatorsOf(foldBatchNorm(graph))).toEqual(operatorsOf(graph))
    const output = build(s => {
      const x = conv2d(s.at('conv'), picture(s), 4, { kernel: 1 })
      return { conv: x, y: batchNorm(s.at('bn'), x) }
    })
    expect(operatorsOf(foldBatchNorm(output))).toEqual(['Conv', 'BatchNormalization'])
  })

  test('what follows from constants is computed, and from parameters when they are read', async () => {
    const graph = build(s => {
      const x = s.input('x', 'float32', [2, 3])
      const steps = ops.range(0, 4, 1).cast('float32').mul(0.5)
      return { y: linear(s.at('fc'), x, 4).add(steps) }
    })
    const folded = removeDead(foldConstants(graph))
    expect(operatorsOf(folded)).toEqual(['MatMul', 'Add', 'Add'])
    expect(folded.parameters.map(({ shape }) => shape)).toEqual([[4], [3, 4]])
    expect(await same(graph, folded, [2, 3])).toBe(0)
  })

  test('halves are folded as the numbers that they stand for', () => {
    const graph = build(s => {
      const half = (name: string, shape: number[]) => s.param(name, shape, 'float16')
      const x = s.input('x', 'float16', [1, 1, 2, 2])
      const [gain, bias, mean, variance] = ['g', 'b', 'm', 'v'].map(name => half(name, [1]))
      const y = ops.conv(x, half('w', [1, 1, 1, 1]))
      return {
        y: ops.batchNormalization(y, gain, bias, mean, variance, { epsilon: 0 }),
        z: x.add(bias.mul(3))
      }
    })
    // 1, 2, 0.5, 3 and 4 as halves
    const bits: Record<string, number> = { w: 0x3c00, g: 0x4000, b: 0x3800, m: 0x4200, v: 0x4400 }
    const values: Values = {
      read: name => ({
        dtype: 'float16',
        shape: name === 'w' ? [1, 1, 1, 1] : [1],
        data: Uint16Array.of(bits[name])
      })
    }
    const folded = simplify(graph).parameters.map(parameter => valueOf(parameter, values).data[0])
    // w g / sqrt(v) = 1, b - m g / sqrt(v) = -2.5, 3 b = 1.5
    expect(folded).toEqual([0x3c00, 0xc100, 0x3e00])
  })

  test('what is larger than what it follows from stays a node, unless it is small', () => {
    const sizes = (n: number) =>
      simplify(
        build(s => {
          const x = s.input('x', 'float32', [n, n])
          const stretched = ops.expand(s.param('p', [1, 1]), [n, n])
          const tiled = ops.tile(constant('float32', [1, 1], [2]), [n, n])
          return {
            y: x
              .add(stretched)
              .add(tiled)
              .add(ops.constantOfShape([n, n]))
          }
        })
      )
    expect(operatorsOf(sizes(1000))).toEqual(['Expand', 'Tile', 'Add', 'Add', 'ConstantOfShape', 'Add'])
    expect(operatorsOf(sizes(16))).toEqual(['Add', 'Add', 'Add'])
  })

  test('sizes that are numbers are constants', () => {
    const graph = build(s => {
      const x = picture(s)
      return { y: x.reshape([1, 3, -1]), z: ops.expand(x, ops.shape(x)) }
    })
    expect(operatorsOf(removeDead(foldConstants(graph)))).toEqual(['Reshape', 'Expand'])
  })

  test('what no output needs is removed, what a subgraph needs is kept', () => {
    const graph = build(s => {
      const x = picture(s)
      const needed = x.add(s.param('needed', [1]))
      ops.exp(x.add(s.param('dead', [1])))
      return {
        y: ifElse(
          constant('bool', [], [1]),
          () => [needed.mul(1)],
          () => [x.mul(2)]
        )[0]
      }
    })
    const live = removeDead(graph)
    expect(operatorsOf(live)).toEqual(['Add', 'If'])
    expect(live.parameters.map(p => p.name)).toEqual(['needed'])
  })

  test('a graph is not changed by them', () => {
    const graph = build(s => ({ y: convNorm(s) }))
    const before = structuredClone({ ...graph })
    simplify(graph)
    expect(graph).toEqual(before)
  })
})
