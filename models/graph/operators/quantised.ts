/** Arithmetic of whole numbers that stand for reals: scale * (n - zero point). */
import { show } from '../dim.ts'
import { fail, operator } from '../operator.ts'
import { expectEqual, expectShape } from './shapes.ts'

const types = { T: ['float32'], A: ['uint8'], B: ['int8'] } as const

export const quantisedOperators = {
  /** The scale follows from the range of all elements. */
  DynamicQuantizeLinear: operator('x:T -> y:A, y_scale:T, y_zero_point:A', {
    types,
    shape: ([x]) => [x.shape, [], []]
  }),

  /** The runtime's own: a matrix product, with B's scale for each of its columns, back in reals. */
  MatMulIntegerToFloat: operator(
    'A:A, B:B, a_scale:T, b_scale:T, a_zero_point?:A, b_zero_point?:B, bias?:T -> Y:T',
    {
      domain: 'com.microsoft',
      types,
      shape: ([{ shape: a }, { shape: b }, , scale, , , bias]) => {
        if (a.length < 2 || b.length !== 2) return fail(`A ${show(a)} and B ${show(b)} have no product`)
        const [depth, columns] = b as [number, number]
        expectEqual('the number of rows of B', depth, a.at(-1)!)
        expectShape('b_scale', scale, [columns])
        if (bias) expectShape('bias', bias, [columns])
        return [...a.slice(0, -1), columns]
      }
    }
  )
} as const
