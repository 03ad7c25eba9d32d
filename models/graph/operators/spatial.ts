/** Operators over pictures, [N, C, spatial axes…]. */
import { divideExactly, equal, floorDivide, minus, plus, show, times, type Dim, type Shape } from '../dim.ts'
import { fail, float, floats, int, ints, numbers, operator, string, type Fact } from '../operator.ts'
import { expectEqual, expectRank, expectShape, known, perAxis, slide } from './shapes.ts'

const real = { T: floats } as const

const divide = (what: string, d: Dim, by: number): Dim =>
  divideExactly(d, by) ?? fail(`${what} is ${String(d)}, which is not a multiple of ${by}`)

const spatial = (what: string, { shape }: Fact) =>
  shape.length > 2 ? shape.slice(2) : fail(`${what} has no spatial axes: ${show(shape)}`)

/** Kernel sizes are attributes of the operator as much as shapes of its weight: they must be numbers. */
const kernelOf = (w: Fact) =>
  w.shape
    .slice(2)
    .map(k => (typeof k === 'number' ? k : fail(`the kernel of W is symbolic: ${show(w.shape)}`)))

/** `size` scaled, rounded down. Symbolic sizes are scaled by n or 1/n. */
const scaled = (size: Dim, scale: Dim): Dim => {
  if (typeof scale !== 'number') return fail(`a scale is a number, not ${String(scale)}`)
  if (typeof size === 'number') return Math.floor(size * scale)
  if (Number.isInteger(scale)) return times(size, scale)
  if (Number.isInteger(1 / scale)) return floorDivide(size, 1 / scale)
  return fail(`the symbolic size ${String(size)} cannot be scaled by ${scale}`)
}

const window = { strides: ints(null), pads: ints(null), dilations: ints(null) }

export const spatialOperators = {
  Conv: operator('X:T, W:T, B?:T -> Y:T', {
    types: real,
    attributes: { ...window, group: int(1) },
    shape: ([x, w, b], { group, strides, pads, dilations }) => {
      expectRank('W', w, x.shape.length)
      const channels = times(w.shape[1], group)
      if (!equal(x.shape[1], channels))
        fail(
          `X ${show(x.shape)} has ${String(x.shape[1])} channels, W ${show(w.shape)} takes ${String(channels)}`
        )
      divide('the number of kernels in W', w.shape[0], group)
      if (b) expectShape('B', b, [w.shape[0]])
      return [
        x.shape[0],
        w.shape[0],
        ...slide(spatial('X', x), { kernel: kernelOf(w), strides, pads, dilations })
      ]
    }
  }),

  ConvTranspose: operator('X:T, W:T, B?:T -> Y:T', {
    types: real,
    attributes: { ...window, group: int(1), output_padding: ints(null) },
    shape: ([x, w, b], { group, output_padding, ...given }) => {
      expectRank('W', w, x.shape.length)
      expectEqual('the first dimension of W', w.shape[0], x.shape[1])
      divide('the number of channels of X', x.shape[1], group)
      const sizes = spatial('X', x)
      const n = sizes.length
      const kernel = kernelOf(w)
      const strides = perAxis('strides', given.strides, n, 1)
      const dilations = perAxis('dilations', given.dilations, n, 1)
      const pads = perAxis('pads', given.pads, 2 * n, 0)
      const extra = perAxis('output_padding', output_padding, n, 0)
      const channels = times(w.shape[1], group)
      if (b) expectShape('B', b, [channels])
      return [
        x.shape[0],
        channels,
        ...sizes.map((size, i) =>
          plus(
            times(minus(size, 1), strides[i]),
            (kernel[i] - 1) * dilations[i] + 1 + extra[i] - pads[i] - pads[n + i]
          )
        )
      ]
    }
  }),

  MaxPool: operator('X:T -> Y:T', {
    types: { T: numbers },
    attributes: { kernel_shape: ints(), ...window },
    shape: ([x], { kernel_shape, ...given }) => [
      ...x.shape.slice(0, 2),
      ...slide(spatial('X', x), { kernel: kernel_shape, ...given })
    ]
  }),

  AveragePool: operator('X:T -> Y:T', {
    types: real,
    attributes: { kernel_shape: ints(), ...window, count_include_pad: int(0) },
    shape: ([x], { kernel_shape, strides, pads, dilations }) => [
      ...x.shape.slice(0, 2),
      ...slide(spatial('X', x), { kernel: kernel_shape, strides, pads, dilations })
    ]
  }),

  GlobalAveragePool: operator('X:T -> Y:T', {
    types: real,
    shape: ([x]) => [...x.shape.slice(0, 2), ...spatial('X', x).map(() => 1)]
  }),

  Resize: operator('X:T, roi?:R, scales?:float32, sizes?:int64 -> Y:T', {
    types: { T: numbers, R: floats },
    attributes: {
      mode: string('nearest'),
      coordinate_transformation_mode: string('half_pixel'),
      nearest_mode: string('round_prefer_floor'),
      cubic_coeff_a: float(-0.75),
      antialias: int(0),
      exclude_outside: int(0),
      extrapolation_value: float(0)
    },
    shape: ([x, , scales, sizes]) => {
      if (!scales === !sizes) return fail('either scales or sizes must be given')
      const given = sizes ? known('sizes', sizes) : known('scales', scales!)
      expectEqual(`the number of ${sizes ? 'sizes' : 'scales'}`, given.length, x.shape.length)
      return sizes ? given : x.shape.map((size, i) => scaled(size, given[i]))
    }
  }),

  GridSample: operator('X:T, grid:G -> Y:T', {
    types: { T: floats, G: floats },
    attributes: { mode: string('linear'), padding_mode: string('zeros'), align_corners: int(0) },
    shape: ([x, grid]) => {
      expectRank('grid', grid, x.shape.length)
      expectEqual('the batch of grid', grid.shape[0], x.shape[0])
      expectEqual('the last dimension of grid', grid.shape.at(-1)!, x.shape.length - 2)
      return [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)]
    }
  }),

  DepthToSpace: operator('input:T -> output:T', {
    types: { T: numbers },
    attributes: { blocksize: int(), mode: string('DCR') },
    shape: ([x], { blocksize }): Shape => {
      expectRank('input', x, 4)
      const [n, c, h, w] = x.shape as [Dim, Dim, Dim, Dim]
      return [
        n,
        divide('the number of channels', c, blocksize ** 2),
        times(h, blocksize),
        times(w, blocksize)
      ]
    }
  }),

  SpaceToDepth: operator('input:T -> output:T', {
    types: { T: numbers },
    attributes: { blocksize: int() },
    shape: ([x], { blocksize }): Shape => {
      expectRank('input', x, 4)
      const [n, c, h, w] = x.shape as [Dim, Dim, Dim, Dim]
      return [
        n,
        times(c, blocksize ** 2),
        divide('the height', h, blocksize),
        divide('the width', w, blocksize)
      ]
    }
  })
} as const
