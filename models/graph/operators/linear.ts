/** Products of matrices, and normalisation. */
import { equal, show, type Dim, type Shape } from '../dim.ts'
import { fail, float, floats, int, numbers, operator } from '../operator.ts'
import { axisOf, broadcast, expectEqual, expectRank, expectShape } from './shapes.ts'

const real = { T: floats } as const

export const linearOperators = {
  MatMul: operator('A:T, B:T -> Y:T', {
    types: { T: numbers },
    shape: ([{ shape: a }, { shape: b }]) => {
      if (a.length === 0 || b.length === 0) fail('a scalar has no matrix product')
      // A vector stands for a row on the left, for a column on the right; that dimension is dropped again.
      const [rows, inner] = a.length === 1 ? [[], a[0]] : [[a.at(-2)!], a.at(-1)!]
      const [depth, columns] = b.length === 1 ? [b[0], []] : [b.at(-2)!, [b.at(-1)!]]
      if (!equal(inner, depth))
        fail(`A ${show(a)} has ${String(inner)} columns, B ${show(b)} has ${String(depth)} rows`)
      return [...broadcast(a.slice(0, -2), b.slice(0, -2)), ...rows, ...columns]
    }
  }),

  Gemm: operator('A:T, B:T, C?:T -> Y:T', {
    types: { T: numbers },
    attributes: { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
    shape: ([a, b, c], { transA, transB }): Shape => {
      expectRank('A', a, 2)
      expectRank('B', b, 2)
      const [rows, inner] = transA ? a.shape.toReversed() : a.shape
      const [depth, columns] = transB ? b.shape.toReversed() : b.shape
      expectEqual('the inner dimension of B', depth, inner)
      const result: Dim[] = [rows, columns]
      if (c && show(broadcast(c.shape, result)) !== show(result))
        fail(`C ${show(c.shape)} cannot be stretched to ${show(result)}`)
      return result
    }
  }),

  Softmax: operator('input:T -> output:T', {
    types: real,
    attributes: { axis: int(-1) },
    shape: ([x], { axis }) => {
      axisOf(axis, x.shape.length)
      return x.shape
    }
  }),

  LayerNormalization: operator('X:T, Scale:T, B?:T -> Y:T', {
    types: real,
    attributes: { axis: int(-1), epsilon: float(1e-5) },
    shape: ([x, scale, bias], { axis }) => {
      const normalised = x.shape.slice(axisOf(axis, x.shape.length))
      expectShape('Scale', scale, normalised)
      if (bias) expectShape('B', bias, normalised)
      return x.shape
    }
  }),

  BatchNormalization: operator('X:T, scale:T, B:T, input_mean:T, input_var:T -> Y:T', {
    types: real,
    attributes: { epsilon: float(1e-5) },
    shape: ([x, scale, bias, mean, variance]) => {
      const channels = [x.shape[1] ?? fail(`X ${show(x.shape)} has no channels`)]
      expectShape('scale', scale, channels)
      expectShape('B', bias, channels)
      expectShape('input_mean', mean, channels)
      expectShape('input_var', variance, channels)
      return x.shape
    }
  })
} as const
