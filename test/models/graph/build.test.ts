import { describe, expect, test } from 'vitest'
import { input1 } from '../../../models/golden/index.ts'
import { minus, plus } from '../../../models/graph/dim.ts'
import {
  build,
  constant,
  dim,
  ifElse,
  loop,
  ops,
  ShapeError,
  toEnd,
  type Scope
} from '../../../models/graph/index.ts'
import { noValues, runIn, temporaryFolder, valueOfDim } from './running.ts'

const image = (s: Scope) => s.input('image', 'float32', [1, 3, dim('h').times(32), dim('w').times(32)])

describe('build', () => {
  const run = runIn(temporaryFolder())

  test('gives the parameters in the order of their declaration, under their full names', () => {
    const graph = build(s => {
      const conv = s.at('stem').at('conv')
      const weight = conv.param('weight', [8, 3, 3, 3])
      s.at('layers').at(0).param('num_batches_tracked', [], 'int64')
      return { y: ops.conv(image(s), weight, conv.param('bias', [8])) }
    })
    expect(graph.parameters).toEqual([
      { name: 'stem.conv.weight', shape: [8, 3, 3, 3], dtype: 'float32' },
      { name: 'layers.0.num_batches_tracked', shape: [], dtype: 'int64' },
      { name: 'stem.conv.bias', shape: [8], dtype: 'float32' }
    ])
  })

  test('follows symbolic sizes through the network', () => {
    const { outputs } = build(s => {
      const half = ops.conv(image(s), s.param('weight', [8, 3, 3, 3]), {
        strides: [2, 2],
        pads: [1, 1, 1, 1]
      })
      return { half, cells: half.reshape([1, 8, -1]), valid: ops.maxPool(half, { kernel_shape: [3, 3] }) }
    })
    expect(outputs.map(({ name, shape }) => [name, ...shape.map(String)])).toEqual([
      ['half', '1', '8', '16*h', '16*w'],
      ['cells', '1', '8', '256*h*w'],
      ['valid', '1', '8', '16*h - 2', '16*w - 2']
    ])
  })

  test('computes sizes at run time where they are operands', async () => {
    const graph = build(s => {
      const x = image(s)
      const [, , h, w] = x.shape
      return { columns: ops.range(0, w, 1), rows: x.mul(0).add(h) }
    })
    expect(graph.outputs[0].shape.map(String)).toEqual(['32*w'])
    const { columns, rows } = await run(graph, noValues, { image: input1('image', [1, 3, 32, 64]) })
    expect(columns.data).toEqual(BigInt64Array.from({ length: 64 }, (_, i) => BigInt(i)))
    expect(rows.data.every(v => v === 32)).toBe(true)
  })

  test('computes each size once', () => {
    const { nodes } = build(s => {
      const w = image(s).shape[3]
      return { a: ops.range(0, w, 1), b: ops.range(1, w, 1), c: ops.constantOfShape([2, w]) }
    })
    expect(nodes.filter(node => node.op === 'Shape').length).toBe(1)
  })

  test('names the parameter and both numbers where shapes do not fit', () => {
    const wrong = () =>
      build(s => {
        const dark = s.at('backbone').at('dark2').at(0)
        return { y: ops.conv(image(s), dark.at('conv').param('weight', [64, 32, 3, 3])) }
      })
    expect(wrong).toThrow(ShapeError)
    expect(wrong).toThrow(
      'Conv at backbone.dark2.0.conv.weight: X [1, 3, 32*h, 32*w] has 3 channels, W [64, 32, 3, 3] takes 32'
    )
  })

  test('names the place of the nearest parameter before, where no parameter takes part', () => {
    const wrong = () =>
      build(s => {
        const x = ops.matMul(s.input('x', 'float32', [2, 4]), s.at('head').param('weight', [4, 7]))
        return { y: ops.relu(x).add(constant('float32', [5], [1, 2, 3, 4, 5])) }
      })
    expect(wrong).toThrow('Add at head: [2, 7] and [5] do not go together: 7 and 5')
  })

  test.each([
    [
      'types',
      (s: Scope) => ops.matMul(image(s), s.param('w', [2, 2], 'float64')),
      'MatMul at w: B is float64, not float32'
    ],
    [
      'a type that the operator does not take',
      (s: Scope) => ops.exp(image(s).cast('int64')),
      'X is int64, not float32 or float64'
    ],
    [
      'unknown attributes',
      (s: Scope) => ops.softmax(image(s), { axes: 1 } as object),
      'there is no attribute axes'
    ],
    [
      'a missing attribute',
      (s: Scope) => ops.concat([image(s)], {} as never),
      'the attribute axis is missing'
    ],
    ['an axis that there is not', (s: Scope) => ops.softmax(image(s), { axis: 4 }), 'axis 4 of 4 dimensions'],
    [
      'a parameter that is declared twice',
      (s: Scope) => (s.param('w', [1]), s.param('w', [1])),
      'w is declared twice'
    ],
    ['an input that is declared twice', (s: Scope) => image(s).add(image(s)), 'image is declared twice'],
    [
      'a fraction among integers',
      (s: Scope) => ops.shape(image(s)).mul(0.5),
      'a number of type int64 is 0.5, no whole number'
    ],
    ['a fraction as a size', (s: Scope) => s.param('w', [1.5]), 'a size of w is 1.5, no whole number'],
    [
      'a fraction as an attribute',
      (s: Scope) => ops.maxPool(image(s), { kernel_shape: [4, 4], pads: [1.5, 1.5, 1.5, 1.5] }),
      'the attribute pads is 1.5, no whole number'
    ],
    [
      'a reshape to nothing and the rest',
      () => ops.reshape(constant('int64', [8], [1, 2, 3, 4, 5, 6, 7, 8]), [0, -1], { allowzero: 1 }),
      '[8] cannot become [0, -1]'
    ],
    [
      'blocks without a size',
      (s: Scope) => ops.spaceToDepth(image(s), { blocksize: 0 }),
      'the height is 32*h, which is not a multiple of 0'
    ],
    [
      'convolutions without groups',
      (s: Scope) =>
        ops.conv(s.input('x', 'float32', [1, 0, 4, 4]), s.param('w', [2, 3, 1, 1]), undefined, { group: 0 }),
      'the number of kernels in W is 2, which is not a multiple of 0'
    ],
    ['a division by 0', (s: Scope) => ops.shape(image(s)).div(0), '1 is divided by 0'],
    [
      'a bound of which nobody knows from where it counts',
      (s: Scope) => ops.slice(image(s), [0], [minus(dim('h').times(4), dim('w'))], [2]),
      'whether the bound 4*h - w counts from the end is not known'
    ],
    [
      'a loop without an end',
      (s: Scope) => loop(undefined, [image(s)], (_, [x]) => ({ states: [x.add(1)] }))[0],
      'a loop needs a count or a condition'
    ],
    [
      'sizes of a reshape',
      (s: Scope) => image(s).reshape([1, 5, -1]),
      '[1, 3, 32*h, 32*w] cannot become [1, 5, -1]'
    ],
    [
      'branches',
      (s: Scope) =>
        ifElse(
          constant('bool', [], [1]),
          () => [image(s)],
          () => [constant('int64', [], [1])]
        )[0],
      'branches give'
    ]
  ])('refuses %s', (_, network, message) => {
    expect(() => build(s => ({ y: network(s) }))).toThrow(message)
  })

  test('gives half tensors half constants', () => {
    const { constants } = build(s => ({
      y: s.input('x', 'float16', [2]).mul(0.5),
      z: s.input('b', 'bfloat16', [2]).mul(0.5)
    }))
    expect([...constants.values()].map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ['float16', 0x3800],
      ['bfloat16', 0x3f00]
    ])
  })

  test('counts symbolic bounds of slices from the start or the end, by their sign', () => {
    const { outputs } = build(s => {
      const x = s.input('x', 'float32', [dim('w').times(10)])
      const [h, w] = [dim('h'), dim('w')]
      s.input('y', 'float32', [h])
      return {
        start: ops.slice(x, [0], [plus(w, h)]),
        end: ops.slice(x, [0], [minus(0, w)]),
        short: ops.slice(ops.slice(x, [-30], [toEnd]), [0], [5])
      }
    })
    const at = (w: number, h: number) => outputs.map(({ shape }) => valueOfDim(String(shape[0]), { w, h }))
    expect(at(2, 3)).toEqual([5, 18, 5])
    expect(at(1, 40)).toEqual([10, 9, 5])
  })

  test('shares equal constants, and types numbers as their neighbours', () => {
    const { constants } = build(s => {
      const x = image(s)
      return { y: x.mul(2).add(2).sub(ops.pow(x, 2)), z: ops.shape(x).mul(2) }
    })
    expect([...constants.values()].map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ['float32', 2],
      ['int64', 2n]
    ])
  })

  test('names outputs by their keys, also what is an output twice or no result of a node', async () => {
    const graph = build(s => {
      const x = s.input('x', 'float32', [2])
      const y = x.add(1)
      return { a: y, b: y, c: x, d: constant('int64', [1], [7]) }
    })
    const { a, b, c, d } = await run(graph, noValues, {
      x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }
    })
    expect([...a.data, ...b.data, ...c.data, ...d.data]).toEqual([2, 3, 2, 3, 1, 2, 7n])
  })

  test('lets subgraphs use what is around them, renamed outputs included', async () => {
    const graph = build(s => {
      const x = s.input('x', 'float32', [2])
      const y = x.mul(3)
      const big = ops.greater(ops.squeeze(ops.reduceSum(x)), 5)
      const [z] = ifElse(
        big,
        () => [y.add(1)],
        () => [y]
      )
      return { y, z }
    })
    const feed = (...numbers: number[]) => ({
      x: { dtype: 'float32', shape: [2], data: Float32Array.from(numbers) } as const
    })
    expect([...(await run(graph, noValues, feed(1, 2))).z.data]).toEqual([3, 6])
    expect([...(await run(graph, noValues, feed(4, 5))).z.data]).toEqual([13, 16])
  })

  test('makes no tensors outside', () => {
    expect(() => constant('int64', [], [1])).toThrow('inside build()')
  })
})
