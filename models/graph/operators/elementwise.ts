/** Operators that compute each element by itself. */
import { floorDivide, minus, plus, times, type Dim } from '../dim.ts'
import {
  anything,
  dtype,
  fail,
  float,
  floats,
  int,
  isInteger,
  numbers,
  operator,
  string,
  type Fact
} from '../operator.ts'
import type { DType } from '../data.ts'
import { broadcast, elementwise, expectRank } from './shapes.ts'

const real = { T: floats } as const
const number = { T: numbers } as const

const unary = (types: Readonly<Record<string, readonly DType[]>>, f: (x: number) => number) =>
  operator('X:T -> Y:T', { types, shape: ([x]) => x.shape, evaluate: elementwise(f) })

const stretch = ([a, b]: readonly [Fact, Fact]) => broadcast(a.shape, b.shape)

const arithmetic = (f: (a: Dim, b: Dim) => Dim) =>
  operator('A:T, B:T -> C:T', { types: number, shape: stretch, evaluate: elementwise(f), symbolic: true })

const comparison = (types: readonly DType[], f: (a: number, b: number) => boolean) =>
  operator('A:T, B:T -> C:bool', {
    types: { T: types },
    shape: stretch,
    evaluate: elementwise((a: number, b: number) => Number(f(a, b)))
  })

const extremum = (f: (...x: number[]) => number) =>
  operator('...data:T -> Y:T', {
    types: number,
    shape: ([data]) => data.map(x => x.shape).reduce(broadcast),
    evaluate: elementwise(f)
  })

/** Rounded towards zero; sizes, which are positive, down. */
const divideIntegers = (a: Dim, b: Dim) => {
  if (b === 0) return fail(`${String(a)} is divided by 0`)
  return typeof a === 'number' && typeof b === 'number' ? Math.trunc(a / b) : floorDivide(a, b)
}

export const elementwiseOperators = {
  Add: arithmetic(plus),
  Sub: arithmetic(minus),
  Mul: arithmetic(times),
  Div: operator('A:T, B:T -> C:T', {
    types: number,
    shape: stretch,
    symbolic: true,
    evaluate: (operands, attributes, results) =>
      elementwise(isInteger(results[0].dtype) ? divideIntegers : (a: number, b: number) => a / b)(
        operands,
        attributes,
        results
      )
  }),
  Pow: operator('X:T, Y:T1 -> Z:T', {
    types: { T: numbers, T1: numbers },
    shape: stretch,
    evaluate: elementwise(Math.pow)
  }),
  Min: extremum(Math.min),
  Max: extremum(Math.max),
  Clip: operator('input:T, min?:T, max?:T -> output:T', {
    types: number,
    shape: ([x, min, max]) => {
      if (min) expectRank('min', min, 0)
      if (max) expectRank('max', max, 0)
      return x.shape
    }
  }),

  Abs: unary(number, Math.abs),
  Neg: unary(number, x => -x),
  Sqrt: unary(real, Math.sqrt),
  Exp: unary(real, Math.exp),
  Log: unary(real, Math.log),
  Sin: unary(real, Math.sin),
  Cos: unary(real, Math.cos),
  Floor: unary(real, Math.floor),
  Erf: operator('X:T -> Y:T', { types: real, shape: ([x]) => x.shape }),

  Relu: unary(number, x => Math.max(x, 0)),
  LeakyRelu: operator('X:T -> Y:T', {
    types: real,
    attributes: { alpha: float(0.01) },
    shape: ([x]) => x.shape
  }),
  Sigmoid: unary(real, x => 1 / (1 + Math.exp(-x))),
  Tanh: unary(real, Math.tanh),
  Gelu: operator('X:T -> Y:T', {
    types: real,
    attributes: { approximate: string('none') },
    shape: ([x]) => x.shape
  }),

  Equal: comparison(anything, (a, b) => a === b),
  Less: comparison(numbers, (a, b) => a < b),
  Greater: comparison(numbers, (a, b) => a > b),
  And: comparison(['bool'], (a, b) => a !== 0 && b !== 0),
  Not: unary({ T: ['bool'] }, x => 1 - x),
  Where: operator('condition:bool, X:T, Y:T -> output:T', {
    types: { T: anything },
    shape: ([condition, x, y]) => broadcast(condition.shape, broadcast(x.shape, y.shape)),
    evaluate: elementwise((condition: number, x: number, y: number) => (condition ? x : y))
  }),

  Identity: operator('input:T -> output:T', {
    types: { T: anything },
    shape: ([x]) => x.shape,
    evaluate: ([x]) => [x!.data],
    symbolic: true
  }),
  Cast: operator('input:T1 -> output:T2', {
    types: { T1: anything },
    attributes: { to: dtype() },
    shape: ([x]) => x.shape,
    dtypes: (_, { to }) => [to],
    evaluate: ([x], { to }) => [
      to === 'bool'
        ? Array.from(x!.data, e => Number(e !== 0))
        : isInteger(to)
          ? Array.from(x!.data, e => (typeof e === 'number' ? Math.trunc(e) : e))
          : x!.data
    ],
    symbolic: true
  }),
  CumSum: operator('x:T, axis:int64 -> y:T', {
    types: number,
    attributes: { exclusive: int(0), reverse: int(0) },
    shape: ([x, axis]) => {
      expectRank('axis', axis, 0)
      return x.shape
    }
  })
} as const
