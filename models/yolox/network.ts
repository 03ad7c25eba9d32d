/**
 * YOLOX, arXiv 2107.08430: an anchor-free one-stage detector. B batch, C channels, H and W the picture's sides, A
 * cells of all levels together. Section numbers are those of the specification.
 */
import { build, dim, ops, toEnd, type Dim, type Graph, type Scope, type Tensor } from '../graph/index.ts'
import { batchNorm, conv2d, silu, upsampleNearest } from '../nn/index.ts'
import type { YoloxScale } from './variants.ts'

const { concat, exp, maxPool, range, sigmoid, slice, split } = ops

/** Strides of the three levels, in pixels of the input. */
const strides = [8, 16, 32] as const

/** Not torch's default. */
const eps = 1e-3

interface Conv {
  k?: number
  stride?: number
  groups?: number
}

/** CBA: convolution, batch norm, SiLU. */
const cba = (s: Scope, x: Tensor, out: number, { k = 1, stride = 1, groups = 1 }: Conv = {}) =>
  silu(
    batchNorm(s.at('bn'), conv2d(s.at('conv'), x, out, { kernel: k, stride, groups, bias: false }), { eps })
  )

/** C3x3: CBA 3x3, or depthwise 3x3 and pointwise in its place. */
type Conv3x3 = (s: Scope, x: Tensor, out: number, stride?: number) => Tensor

const plain3x3: Conv3x3 = (s, x, out, stride) => cba(s, x, out, { k: 3, stride })

const depthwise3x3: Conv3x3 = (s, x, out, stride) => {
  const c = x.shape[1] as number
  return cba(s.at('pconv'), cba(s.at('dconv'), x, c, { k: 3, stride, groups: c }), out)
}

/** Space to depth, then CBA 3x3: [B, 3, H, W] -> [B, out, H / 2, W / 2]. Not SpaceToDepth's order of channels. */
const focus = (s: Scope, x: Tensor, out: number) => {
  const every2nd = (row: number, column: number) => slice(x, [row, column], [toEnd, toEnd], [2, 3], [2, 2])
  const phases = [every2nd(0, 0), every2nd(1, 0), every2nd(0, 1), every2nd(1, 1)]
  return cba(s.at('conv'), concat(phases, { axis: 1 }), out, { k: 3 })
}

/** CBA 1x1 of x and its max pools over 5, 9 and 13 pixels; two pools of 5 are one of 9, three one of 13. */
const spp = (s: Scope, x: Tensor, out: number) => {
  const pool = (t: Tensor) => maxPool(t, { kernel_shape: [5, 5], pads: [2, 2, 2, 2] })
  x = cba(s.at('conv1'), x, (x.shape[1] as number) / 2)
  const p5 = pool(x)
  const p9 = pool(p5)
  return cba(s.at('conv2'), concat([x, p5, p9, pool(p9)], { axis: 1 }), out)
}

/** The network of a variant: section 3. */
const yolox = ({ depth, width, depthwise }: YoloxScale, classCount: number) => {
  const conv3x3 = depthwise ? depthwise3x3 : plain3x3
  const c = Math.trunc(64 * width)
  const n = Math.round(3 * depth)

  /** A row of bottlenecks, with or without shortcuts, beside a plain branch: [B, C, H, W] -> [B, out, H, W]. */
  const csp = (s: Scope, x: Tensor, out: number, bottlenecks: number, shortcut = false) => {
    const hidden = Math.trunc(out * 0.5)
    let a = cba(s.at('conv1'), x, hidden)
    const b = cba(s.at('conv2'), x, hidden)
    for (let i = 0; i < bottlenecks; i++) {
      const m = s.at('m').at(i)
      const y = conv3x3(m.at('conv2'), cba(m.at('conv1'), a, hidden), hidden)
      a = shortcut ? y.add(a) : y
    }
    return cba(s.at('conv3'), concat([a, b], { axis: 1 }), out)
  }

  /** CSPDarknet: the features at strides 2, 4, 8, 16, 32. */
  const backbone = (s: Scope, image: Tensor) => {
    const dark = (name: string, x: Tensor, out: number, bottlenecks: number) => {
      const t = s.at(name)
      return csp(t.at(1), conv3x3(t.at(0), x, out, 2), out, bottlenecks, true)
    }
    const blocks = Math.max(1, n)
    const stem = focus(s.at('stem'), image, c)
    const dark2 = dark('dark2', stem, 2 * c, blocks)
    const dark3 = dark('dark3', dark2, 4 * c, 3 * blocks)
    const dark4 = dark('dark4', dark3, 8 * c, 3 * blocks)
    const last = s.at('dark5')
    const pooled = spp(last.at(1), conv3x3(last.at(0), dark4, 16 * c, 2), 16 * c)
    const dark5 = csp(last.at(2), pooled, 16 * c, blocks)
    return { stem, dark2, dark3, dark4, dark5 }
  }

  /** PAFPN: coarse features go up to the fine ones and down again; at strides 8, 16, 32. */
  const neck = (s: Scope, x2: Tensor, x1: Tensor, x0: Tensor) => {
    const join = (name: string, a: Tensor, b: Tensor, out: number) =>
      csp(s.at(name), concat([a, b], { axis: 1 }), out, n)
    const f0 = cba(s.at('lateral_conv0'), x0, 8 * c)
    const p4 = join('C3_p4', upsampleNearest(f0, 2), x1, 8 * c)
    const f1 = cba(s.at('reduce_conv1'), p4, 4 * c)
    const out2 = join('C3_p3', upsampleNearest(f1, 2), x2, 4 * c)
    const out1 = join('C3_n3', conv3x3(s.at('bu_conv2'), out2, 4 * c, 2), f1, 8 * c)
    const out0 = join('C3_n4', conv3x3(s.at('bu_conv1'), out1, 8 * c, 2), f0, 16 * c)
    return [out2, out1, out0] as const
  }

  /** Level k of the decoupled head: box [B, 4, H / s, W / s], objectness [B, 1, …], classes [B, classes, …]. */
  const head = (s: Scope, x: Tensor, k: number) => {
    const hidden = Math.trunc(256 * width)
    const branch = (name: string, from: Tensor) =>
      [0, 1].reduce((t, i) => conv3x3(s.at(name).at(k).at(i), t, hidden), from)
    const predict = (name: string, from: Tensor, out: number) =>
      conv2d(s.at(name).at(k), from, out, { kernel: 1 })
    const stem = cba(s.at('stems').at(k), x, hidden)
    const classes = sigmoid(predict('cls_preds', branch('cls_convs', stem), classCount))
    const forBox = branch('reg_convs', stem)
    const box = predict('reg_preds', forBox, 4)
    return { box, classes, objectness: sigmoid(predict('obj_preds', forBox, 1)) }
  }

  return (s: Scope, image: Tensor) => {
    const features = backbone(s.at('backbone').at('backbone'), image)
    const levels = neck(s.at('backbone'), features.dark3, features.dark4, features.dark5)
    return { features, levels, heads: levels.map((level, k) => head(s.at('head'), level, k)) }
  }
}

/** Boxes of one level as [centre x, centre y, width, height] in pixels of the input, from offsets to its cells. */
const decode = (box: Tensor, stride: number) => {
  const [h, w] = box.shape.slice(2) as [Dim, Dim]
  const columns = range(0, w, 1).cast('float32').reshape([1, 1, 1, w])
  const rows = range(0, h, 1).cast('float32').reshape([1, 1, h, 1])
  const [x, y, size] = split(box, [1, 1, 2], { axis: 1 }) as [Tensor, Tensor, Tensor]
  return concat([x.add(columns), y.add(rows), exp(size)], { axis: 1 }).mul(stride)
}

/** Levels as one list of cells, fine to coarse, row by row: [B, A, 4 + 1 + classes]. */
const cells = (levels: Tensor[]) =>
  concat(
    levels.map(level => level.reshape([...level.shape.slice(0, 2), -1])),
    { axis: 2 }
  ).transpose([0, 2, 1])

export const yoloxOutputs = [
  'decoded',
  'undecoded',
  'pan_out2_stride8',
  'pan_out1_stride16',
  'pan_out0_stride32',
  'backbone.stem',
  'backbone.dark2',
  'backbone.dark3',
  'backbone.dark4',
  'backbone.dark5'
] as const
type YoloxOutput = (typeof yoloxOutputs)[number]

interface YoloxOptions {
  /** 1 to 80. */
  classes: number
  /** [height, width] of the input, multiples of 32; left out, every such size can be fed. */
  size?: readonly [number, number] | undefined
  /** What to compute; `decoded` unless given. */
  outputs?: readonly YoloxOutput[] | undefined
  /** Name of the input. */
  input?: string | undefined
}

/**
 * The graph of YOLOX: a picture [1, 3, H, W], pre-processed as the weights want it, to `decoded` [1, A, 5 + classes]:
 * box (centre x, centre y, width, height in pixels of the input), objectness, class probabilities. Further outputs
 * are `undecoded` (the box as the network gives it) and the stages that the golden files name.
 */
export const buildYolox = (
  scale: YoloxScale,
  { classes, size, outputs = ['decoded'], input = 'image' }: YoloxOptions
): Graph =>
  build(s => {
    const [h, w] = size ?? [dim('h').times(32), dim('w').times(32)]
    const image = s.input(input, 'float32', [1, 3, h, w])
    const { features, levels, heads } = yolox(scale, classes)(s, image)
    const join = (boxes: Tensor[]) =>
      cells(boxes.map((box, k) => concat([box, heads[k].objectness, heads[k].classes], { axis: 1 })))
    const all: Record<YoloxOutput, () => Tensor> = {
      decoded: () => join(heads.map(({ box }, k) => decode(box, strides[k]))),
      undecoded: () => join(heads.map(({ box }) => box)),
      pan_out2_stride8: () => levels[0],
      pan_out1_stride16: () => levels[1],
      pan_out0_stride32: () => levels[2],
      'backbone.stem': () => features.stem,
      'backbone.dark2': () => features.dark2,
      'backbone.dark3': () => features.dark3,
      'backbone.dark4': () => features.dark4,
      'backbone.dark5': () => features.dark5
    }
    return Object.fromEntries(outputs.map(name => [name, all[name]()]))
  })
