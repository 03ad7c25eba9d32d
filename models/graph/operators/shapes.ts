/** Arithmetic that the rules of several operators share. */
import { sizeOf, stridesOf } from '../data.ts'
import { equal, floorDivide, minus, plus, show, type Dim, type Shape } from '../dim.ts'
import { fail, type Elements, type Fact } from '../operator.ts'

/** An axis of -rank … rank - 1 as 0 … rank - 1. */
export const axisOf = (axis: number, rank: number) =>
  axis >= -rank && axis < rank ? (axis + rank) % rank : fail(`axis ${axis} of ${rank} dimensions`)

/** The shape that `a` and `b` are stretched to, numpy's rule. */
export const broadcast = (a: Shape, b: Shape): Dim[] => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1]
    if (m === 1) return n
    return n === 1 || equal(m, n)
      ? m
      : fail(`${show(a)} and ${show(b)} do not go together: ${String(m)} and ${String(n)}`)
  })
}

export const expectRank = (what: string, { shape }: Fact, rank: number) => {
  if (shape.length !== rank) fail(`${what} has ${shape.length} dimensions, not ${rank}: ${show(shape)}`)
}

export const expectEqual = (what: string, actual: Dim, expected: Dim) => {
  if (!equal(actual, expected)) fail(`${what} is ${String(actual)}, not ${String(expected)}`)
}

export const expectShape = (what: string, { shape }: Fact, expected: Shape) => {
  if (show(shape) !== show(expected)) fail(`${what} is ${show(shape)}, not ${show(expected)}`)
}

/** The elements of an operand that shapes depend on. */
export const known = (what: string, { contents }: Fact): readonly Dim[] =>
  contents ?? fail(`${what} must be known while the graph is built`)

export const knownNumbers = (what: string, fact: Fact): number[] =>
  known(what, fact).map(d => (typeof d === 'number' ? d : fail(`${what} must be a number, not ${String(d)}`)))

/** Spatial attributes, one value an axis unless said otherwise. */
export const perAxis = (
  what: string,
  values: readonly number[] | undefined,
  axes: number,
  otherwise: number
) => {
  if (values && values.length !== axes) fail(`${what} has ${values.length} values for ${axes} spatial axes`)
  return values ?? Array.from({ length: axes }, () => otherwise)
}

/** Sizes after a window (a kernel or a pool) has slid over the spatial axes; `pads` are [begins…, ends…]. */
export const slide = (
  sizes: Shape,
  window: {
    kernel: readonly number[]
    strides: readonly number[] | undefined
    dilations: readonly number[] | undefined
    pads: readonly number[] | undefined
  }
): Dim[] => {
  const n = sizes.length
  const strides = perAxis('strides', window.strides, n, 1)
  const dilations = perAxis('dilations', window.dilations, n, 1)
  const pads = perAxis('pads', window.pads, 2 * n, 0)
  const kernel = perAxis('kernel_shape', window.kernel, n, 1)
  return sizes.map((size, i) => {
    const padded = plus(size, pads[i] + pads[n + i])
    const extent = (kernel[i] - 1) * dilations[i] + 1
    const free = minus(padded, extent)
    if (typeof free === 'number' && free < 0)
      fail(`a window of ${extent} does not fit into ${String(padded)}`)
    return plus(floorDivide(free, strides[i]), 1)
  })
}

/** Indices into a strided source, for every element of `shape` in row-major order. */
export const walk = (shape: readonly number[], strides: readonly number[], offset = 0): Uint32Array => {
  const indices = new Uint32Array(sizeOf(shape))
  const position = shape.map(() => 0)
  for (let i = 0, at = offset; i < indices.length; i++) {
    indices[i] = at
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]
      if (++position[axis] < shape[axis]) break
      at -= strides[axis] * shape[axis]
      position[axis] = 0
    }
  }
  return indices
}

/** Strides under which `from` is read as if it had been stretched to `to`. */
export const stretched = (from: readonly number[], to: readonly number[]) => {
  const strides = stridesOf(from)
  const missing = to.length - from.length
  return to.map((_, i) => (i < missing || from[i - missing] === 1 ? 0 : strides[i - missing]))
}

export const pick = (data: ArrayLike<Dim>, indices: Uint32Array): ArrayLike<Dim> => {
  // Large ones are numbers alone, which need not be boxed.
  if (!(data instanceof Float32Array)) return Array.from(indices, i => data[i])
  const picked = new Float32Array(indices.length)
  for (let i = 0; i < picked.length; i++) picked[i] = data[indices[i]]
  return picked
}

export const sizesOf = (fact: Fact) => fact.shape as readonly number[]

/** An evaluator that applies `f` to the operands' elements, stretched to the result's shape. */
export const elementwise =
  (f: (...elements: never[]) => Dim) =>
  (operands: (Elements | undefined)[], _: unknown, [result]: Fact[]): ArrayLike<Dim>[] => {
    const shape = sizesOf(result)
    const present = operands.filter(operand => operand !== undefined)
    const indices = present.map(operand => walk(shape, stretched(operand.shape, shape)))
    const count = sizeOf(shape)
    return [
      Array.from({ length: count }, (_unused, i) =>
        f(...present.map((o, k) => o.data[indices[k][i]] as never))
      )
    ]
  }
