/** Operators that sum axes up, or choose along them. */
import type { Dim, Shape } from '../dim.ts'
import { int, numbers, operator } from '../operator.ts'
import { axisOf, expectShape, known, knownNumbers } from './shapes.ts'

const drop = (shape: Shape, axes: readonly number[], keepdims: number): Dim[] => {
  const reduced = new Set(axes.map(axis => axisOf(axis, shape.length)))
  return shape.flatMap((size, i) => (reduced.has(i) ? (keepdims ? [1] : []) : [size]))
}

const reduction = () =>
  operator('data:T, axes?:int64 -> reduced:T', {
    types: { T: numbers },
    attributes: { keepdims: int(1) },
    shape: ([{ shape }, axes], { keepdims }) =>
      drop(shape, axes ? knownNumbers('axes', axes) : shape.map((_, i) => i), keepdims)
  })

export const reductionOperators = {
  ReduceMean: reduction(),
  ReduceSum: reduction(),
  ReduceMax: reduction(),
  ReduceMin: reduction(),
  ArgMax: operator('data:T -> reduced:int64', {
    types: { T: numbers },
    attributes: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
    shape: ([{ shape }], { axis, keepdims }) => drop(shape, [axis], keepdims)
  }),
  TopK: operator('X:T, K:int64 -> Values:T, Indices:int64', {
    types: { T: numbers },
    attributes: { axis: int(-1), largest: int(1), sorted: int(1) },
    shape: ([x, k], { axis }) => {
      expectShape('K', k, [1])
      const shape = x.shape.with(axisOf(axis, x.shape.length), known('K', k)[0])
      return [shape, shape]
    }
  })
} as const
