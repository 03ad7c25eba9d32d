/** Operators that move elements about, and those that make them out of sizes. */
import {
  atLeast,
  ceilDivide,
  divideExactly,
  equal,
  larger,
  minus,
  plus,
  show,
  sizeOfShape,
  smaller,
  times,
  type Dim,
  type Shape
} from '../dim.ts'
import { numbersOf, stridesOf, type TensorData } from '../data.ts'
import { anything, fail, int, ints, operator, string, tensor, type Fact } from '../operator.ts'
import {
  axisOf,
  broadcast,
  expectEqual,
  known,
  knownNumbers,
  perAxis,
  pick,
  sizesOf,
  stretched,
  walk
} from './shapes.ts'

const any = { T: anything } as const
const sum = (dims: Shape) => dims.reduce(plus, 0)

const zero: TensorData = { dtype: 'float32', shape: [1], data: new Float32Array(1) }

/** A bound for slices that lies behind every size: "to the end". */
export const toEnd = 2 ** 31 - 1

interface Range {
  start: Dim
  step: number
  length: Dim
}

/** Slice along one axis: numpy's rule for start:end:step. */
const range = (size: Dim, start: Dim, end: Dim, step: number): Range => {
  const [first, last] = step > 0 ? [0, size] : [-1, minus(size, 1)]
  const clamp = (bound: Dim) => {
    if (typeof bound === 'number' && Math.abs(bound) >= toEnd) return bound > 0 ? last : first
    const fromEnd = atLeast(minus(0, bound)) > 0
    if (!fromEnd && atLeast(bound) < 0)
      fail(`whether the bound ${String(bound)} counts from the end is not known`)
    return smaller(larger(fromEnd ? plus(bound, size) : bound, first), last)
  }
  const [from, to] = [clamp(start), clamp(end)]
  const length = step > 0 ? ceilDivide(minus(to, from), step) : ceilDivide(minus(from, to), -step)
  return { start: from, step, length: larger(length, 0) }
}

/** Slice along every axis. */
const ranges = (
  shape: Shape,
  starts: readonly Dim[],
  ends: readonly Dim[],
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined
): Range[] => {
  const result: Range[] = shape.map(length => ({ start: 0, step: 1, length }))
  const which = axes ?? starts.map((_, i) => i)
  if (ends.length !== starts.length || which.length !== starts.length)
    fail(`${starts.length} starts, ${ends.length} ends and ${which.length} axes do not go together`)
  which.forEach((given, i) => {
    const axis = axisOf(given, shape.length)
    const step = steps?.[i] ?? 1
    if (step === 0) fail('a step is 0')
    result[axis] = range(shape[axis], starts[i], ends[i], step)
  })
  return result
}

const reshape = (from: Shape, wanted: readonly Dim[], allowzero: number): Dim[] => {
  const sizes = wanted.map((size, i) =>
    size === 0 && !allowzero ? (from[i] ?? fail(`there is no dimension ${i} to copy in ${show(from)}`)) : size
  )
  const total = sizeOfShape(from)
  const wild = sizes.indexOf(-1)
  if (wild >= 0)
    sizes[wild] =
      divideExactly(total, sizeOfShape(sizes.toSpliced(wild, 1))) ??
      fail(`${show(from)} cannot become ${show(wanted)}`)
  if (!equal(sizeOfShape(sizes), total))
    fail(
      `${show(from)} cannot become ${show(sizes)}: ${String(total)} and ${String(sizeOfShape(sizes))} elements`
    )
  return sizes
}

const squeezed = (shape: Shape, axes: readonly number[] | undefined) => {
  const dropped =
    axes?.map(axis => axisOf(axis, shape.length)) ?? shape.flatMap((n, i) => (n === 1 ? [i] : []))
  for (const axis of dropped) expectEqual(`dimension ${axis}`, shape[axis], 1)
  return shape.filter((_, i) => !dropped.includes(i))
}

const unsqueezed = (shape: Shape, axes: readonly number[]) => {
  const rank = shape.length + axes.length
  const added = new Set(axes.map(axis => axisOf(axis, rank)))
  if (added.size !== axes.length) fail(`an axis is given twice: ${show(axes)}`)
  const rest = [...shape]
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()!))
}

const permutation = (perm: readonly number[] | undefined, rank: number) => {
  const order = perm ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
  if (order.length !== rank || new Set(order).size !== rank || order.some(axis => axis < 0 || axis >= rank))
    fail(`perm ${show(order)} does not order ${rank} dimensions`)
  return order
}

const splits = (x: Fact, split: Fact | undefined, axis: number, count: number | undefined): Dim[] => {
  const size = x.shape[axis]
  if (!split === (count === undefined)) fail('either split or num_outputs must be given')
  if (split) {
    const parts = known('split', split)
    if (!equal(sum(parts), size)) fail(`parts ${show(parts)} do not add up to ${String(size)}`)
    return [...parts]
  }
  // The last part is smaller where the size is no multiple.
  const part = ceilDivide(size, count!)
  return Array.from({ length: count! }, (_, i) =>
    i < count! - 1 ? part : minus(size, times(part, count! - 1))
  )
}

export const arrangementOperators = {
  Concat: operator('...inputs:T -> concat_result:T', {
    types: any,
    attributes: { axis: int() },
    shape: ([inputs], { axis: given }) => {
      const first = inputs[0]?.shape ?? fail('there is nothing to join')
      const axis = axisOf(given, first.length)
      for (const { shape } of inputs)
        if (shape.length !== first.length || !shape.every((n, i) => i === axis || equal(n, first[i])))
          fail(`${show(first)} and ${show(shape)} cannot be joined along axis ${axis}`)
      return first.with(axis, sum(inputs.map(({ shape }) => shape[axis])))
    },
    evaluate: (inputs, { axis: given }, [result]) => {
      const shape = sizesOf(result)
      const axis = axisOf(given, shape.length)
      const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1)
      const blocks = inputs.map(input => ({
        data: Array.from(input!.data),
        size: input!.data.length / outer
      }))
      return [
        Array.from({ length: outer }, (_, o) =>
          blocks.flatMap(({ data, size }) => data.slice(o * size, (o + 1) * size))
        ).flat()
      ]
    },
    symbolic: true
  }),

  Split: operator('input:T, split?:int64 -> ...outputs:T', {
    types: any,
    attributes: { axis: int(0), num_outputs: int(null) },
    shape: ([x, split], { axis: given, num_outputs }) => {
      const axis = axisOf(given, x.shape.length)
      return splits(x, split, axis, num_outputs).map(size => x.shape.with(axis, size))
    },
    evaluate: ([x], { axis: given }, results) => {
      const axis = axisOf(given, x!.shape.length)
      const strides = stridesOf(x!.shape)
      let start = 0
      return results.map(result => {
        const indices = walk(sizesOf(result), strides, start * strides[axis])
        start += sizesOf(result)[axis]
        return pick(x!.data, indices)
      })
    }
  }),

  Slice: operator('data:T, starts:int64, ends:int64, axes?:int64, steps?:int64 -> output:T', {
    types: any,
    shape: ([data, starts, ends, axes, steps]) =>
      ranges(
        data.shape,
        known('starts', starts),
        known('ends', ends),
        axes && knownNumbers('axes', axes),
        steps && knownNumbers('steps', steps)
      ).map(r => r.length),
    evaluate: ([data, ...bounds]) => {
      const [starts, ends, axes, steps] = bounds.map(b => b && (Array.from(b.data) as number[]))
      const taken = ranges(data!.shape, starts!, ends!, axes, steps) as {
        start: number
        step: number
        length: number
      }[]
      const strides = stridesOf(data!.shape)
      return [
        pick(
          data!.data,
          walk(
            taken.map(r => r.length),
            strides.map((stride, i) => stride * taken[i].step),
            strides.reduce((at, stride, i) => at + stride * taken[i].start, 0)
          )
        )
      ]
    },
    symbolic: true
  }),

  Gather: operator('data:T, indices:I -> output:T', {
    types: { ...any, I: ['int64', 'int32'] },
    attributes: { axis: int(0) },
    shape: ([data, indices], { axis: given }) => {
      const axis = axisOf(given, data.shape.length)
      return data.shape.toSpliced(axis, 1, ...indices.shape)
    },
    evaluate: ([data, indices], { axis: given }) => {
      const axis = axisOf(given, data!.shape.length)
      const size = data!.shape[axis]
      const inner = stridesOf(data!.shape)[axis]
      const outer = data!.data.length / (size * inner)
      const rows = Array.from(indices!.data as ArrayLike<number>, i => (i < 0 ? i + size : i))
      const whole = Array.from(data!.data)
      return [
        Array.from({ length: outer }, (_, o) =>
          rows.flatMap(row => whole.slice((o * size + row) * inner, (o * size + row + 1) * inner))
        ).flat()
      ]
    },
    symbolic: true
  }),

  Reshape: operator('data:T, shape:int64 -> reshaped:T', {
    types: any,
    attributes: { allowzero: int(0) },
    shape: ([data, shape], { allowzero }) => reshape(data.shape, known('shape', shape), allowzero),
    evaluate: ([data]) => [data!.data],
    symbolic: true
  }),

  Squeeze: operator('data:T, axes?:int64 -> squeezed:T', {
    types: any,
    shape: ([data, axes]) => squeezed(data.shape, axes && knownNumbers('axes', axes)),
    evaluate: ([data]) => [data!.data],
    symbolic: true
  }),

  Unsqueeze: operator('data:T, axes:int64 -> expanded:T', {
    types: any,
    shape: ([data, axes]) => unsqueezed(data.shape, knownNumbers('axes', axes)),
    evaluate: ([data]) => [data!.data],
    symbolic: true
  }),

  Transpose: operator('data:T -> transposed:T', {
    types: any,
    attributes: { perm: ints(null) },
    shape: ([{ shape }], { perm }) => permutation(perm, shape.length).map(axis => shape[axis]),
    evaluate: ([data], { perm }, [result]) => {
      const strides = stridesOf(data!.shape)
      return [
        pick(
          data!.data,
          walk(
            sizesOf(result),
            permutation(perm, strides.length).map(axis => strides[axis])
          )
        )
      ]
    }
  }),

  Expand: operator('input:T, shape:int64 -> output:T', {
    types: any,
    shape: ([x, shape]) => broadcast(x.shape, known('shape', shape)),
    evaluate: ([x], _, [result]) => [
      pick(x!.data, walk(sizesOf(result), stretched(x!.shape, sizesOf(result))))
    ]
  }),

  Tile: operator('input:T, repeats:int64 -> output:T', {
    types: any,
    shape: ([{ shape }, repeats]) =>
      perAxis('repeats', knownNumbers('repeats', repeats), shape.length, 1).map((n, i) => times(shape[i], n)),
    evaluate: ([x, repeats]) => {
      const strides = stridesOf(x!.shape)
      return [
        pick(
          x!.data,
          walk(
            x!.shape.flatMap((size, i) => [repeats!.data[i] as number, size]),
            strides.flatMap(stride => [0, stride])
          )
        )
      ]
    }
  }),

  Pad: operator('data:T, pads:int64, constant_value?:T, axes?:int64 -> output:T', {
    types: any,
    attributes: { mode: string('constant') },
    shape: ([{ shape }, pads, , axes]) => {
      const which = axes
        ? knownNumbers('axes', axes).map(axis => axisOf(axis, shape.length))
        : shape.map((_, i) => i)
      const amounts = known('pads', pads)
      expectEqual('the number of pads', amounts.length, 2 * which.length)
      return which.reduce<Shape>(
        (padded, axis, i) =>
          padded.with(axis, plus(padded[axis], plus(amounts[i], amounts[which.length + i]))),
        shape
      )
    }
  }),

  Shape: operator('data:T -> shape:int64', {
    types: any,
    attributes: { start: int(0), end: int(null) },
    shape: ([{ shape }], { start, end }) => [shape.slice(start, end).length],
    contents: ([{ shape }], { start, end }) => shape.slice(start, end)
  }),

  Range: operator('start:T, limit:T, delta:T -> output:T', {
    types: { T: ['int64', 'int32', 'float32', 'float64'] },
    shape: ([start, limit, delta]) => {
      const [step] = knownNumbers('delta', delta)
      const span = minus(known('limit', limit)[0], known('start', start)[0])
      if (typeof span === 'number') return [Math.max(0, Math.ceil(span / step))]
      const length = step > 0 ? ceilDivide(span, step) : ceilDivide(times(span, -1), -step)
      return [larger(length, 0)]
    },
    evaluate: ([start, , delta], _, [result]) => [
      Array.from(
        { length: sizesOf(result)[0] },
        (_unused, i) => (start!.data[0] as number) + i * (delta!.data[0] as number)
      )
    ]
  }),

  ConstantOfShape: operator('input:int64 -> output:T', {
    attributes: { value: tensor(zero) },
    shape: ([shape]) => known('input', shape),
    dtypes: (_, { value }) => [value.dtype],
    evaluate: (_, { value }, [result]) => [
      new Array<number>(sizesOf(result).reduce((a, b) => a * b, 1)).fill(numbersOf(value)[0])
    ]
  })
} as const
