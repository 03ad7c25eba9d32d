/**
 * MaxSR, arXiv 2307.07240: enlarges pictures with MaxViT blocks whose attention windows follow the picture's size.
 * Section numbers are those of the specification. C channels; P, Q: sides of a window and of the grid of windows, in
 * rows and columns, so the picture is P P x Q Q; N = P Q tokens in each of N groups.
 */
import { build, constant, ops, type Graph, type Scope, type Tensor } from '../graph/index.ts'
import { conv2d, layerNorm, linear, mlp, silu } from '../nn/index.ts'
import type { Size } from '../picture.ts'
import { windowOf } from './pad.ts'
import { shuffles, tableWindow, type Factor, type MaxsrScale } from './variants.ts'

const { concat, depthToSpace, gather, gelu, matMul, multiHeadAttention, reduceMean, resize, sigmoid, slice } =
  ops

/** Of the training pictures, R, G, B: subtracted in front and added behind. */
const mean = [0.4488, 0.4371, 0.404]

/** Tensors on the way, by the names that the golden files have for them. */
type Stages = Map<string, Tensor>

interface Windows {
  p: number
  q: number
  /** For each query and key of a group, row by row, which entry of the table of (2 P - 1) x (2 Q - 1) it has: [N, N]. */
  offsets: Tensor
}

/** Squeeze and excite: each channel of [1, 4 C, H, W] by a factor that follows from the means of all. */
const excite = (s: Scope, x: Tensor, squeezed: number) => {
  const means = silu(conv2d(s.at('reduce'), reduceMean(x, [2, 3]), squeezed, { kernel: 1 }))
  return x.mul(sigmoid(conv2d(s.at('expand'), means, x.shape[1] as number, { kernel: 1 })))
}

/** Section 3.2: [1, C, H, W] -> [1, C, H, W]. */
const mbconv = (s: Scope, x: Tensor, { width }: MaxsrScale) => {
  const hidden = 4 * width
  const wide = gelu(conv2d(s.at('expand'), x, hidden, { kernel: 1 }))
  const mixed = gelu(conv2d(s.at('depthwise'), wide, hidden, { kernel: 3, groups: hidden }))
  return x.add(conv2d(s.at('project'), excite(s.at('se'), mixed, width / 4), width, { kernel: 1 }))
}

/** What positions add to the logits, from a table that is resized where windows are of another size: section 3.4. */
const positionBias = (s: Scope, { heads }: MaxsrScale, { p, q, offsets }: Windows): Tensor => {
  const side = 2 * tableWindow - 1
  const table = s.param('rel_pos', [heads, side, side])
  const [rows, columns] = [2 * p - 1, 2 * q - 1]
  const fitting =
    p === tableWindow && q === tableWindow
      ? table
      : resize(table.reshape([1, heads, side, side]), undefined, undefined, [1, heads, rows, columns], {
          mode: 'linear'
        })
  return gather(fitting.reshape([heads, rows * columns]), offsets, { axis: 1 }) // [heads, N, N]
}

/**
 * [groups, N, C] -> [groups, N, C], with `bias` [heads, N, N] added to the logits; `qkv` [3 C, C], `proj` [C, C]. The
 * scale is the operator's own, 1 / sqrt(C / heads).
 */
const attention = (s: Scope, x: Tensor, { width: c, heads }: MaxsrScale, bias: Tensor) => {
  const n = x.shape[1] as number
  const qkv = s.at('qkv')
  const weight = qkv.param('weight', [3 * c, c])
  const [q, k, v] = [0, 1, 2].map(i =>
    matMul(x, slice(weight, [i * c], [(i + 1) * c], [0]).transpose([1, 0]))
  ) as [Tensor, Tensor, Tensor]
  const biases = [qkv.param('bias', [3 * c]), undefined, bias.reshape([1, heads, n, n])] as const
  return linear(s.at('proj'), multiHeadAttention(q, k, v, ...biases, { num_heads: heads }), c)
}

/** Tokens of each group attend to each other: [groups, N, C] -> [groups, N, C]. Section 3.2. */
const attentionUnit = (s: Scope, x: Tensor, scale: MaxsrScale, windows: Windows, stages: Stages) => {
  const bias = positionBias(s, scale, windows)
  stages.set(`${s.path}.bias`, bias)
  const u = x.add(attention(s, layerNorm(s.at('norm1'), x), scale, bias))
  return u.add(mlp(s.at('ffn'), layerNorm(s.at('norm2'), u), 4 * scale.width))
}

/** Section 3.3: [1, C, P P, Q Q] -> [1, C, P P, Q Q]. */
const block = (s: Scope, x: Tensor, scale: MaxsrScale, windows: Windows, stages: Stages) => {
  const { p, q } = windows
  const c = scale.width
  const n = p * q
  const channelsLast = (tokens: Tensor, order: number[]) =>
    tokens
      .reshape([p, q, p, q, c])
      .transpose(order)
      .reshape([1, p * p, q * q, c])
  const local = mbconv(s.at('mbconv'), x, scale)
  stages.set(`${s.path}.mbconv`, local)
  const inWindows = local.reshape([c, p, p, q, q]).transpose([1, 3, 2, 4, 0]).reshape([n, n, c]) // [windows, places in a window, C]
  const near = attentionUnit(s.at('block'), inWindows, scale, windows, stages)
  stages.set(`${s.path}.block(BHWC)`, channelsLast(near, [0, 2, 1, 3, 4]))
  // The grid's groups have one token of each window: those of the same place.
  const far = attentionUnit(s.at('grid'), near.transpose([1, 0, 2]), scale, windows, stages)
  stages.set(`${s.path}.grid(BHWC)`, channelsLast(far, [2, 0, 3, 1, 4]))
  return far
    .reshape([p, q, p, q, c])
    .transpose([4, 2, 0, 3, 1])
    .reshape([1, c, p * p, q * q])
}

/** [N, N]: the entry of the table of (2 P - 1) x (2 Q - 1) offsets that lies between query i and key j. */
const offsetsOf = (p: number, q: number) => {
  const n = p * q
  const numbers = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const dy = Math.floor(i / q) - Math.floor(j / q) + p - 1
      const dx = (i % q) - (j % q) + q - 1
      numbers[i * n + j] = dy * (2 * q - 1) + dx
    }
  return constant('int64', [n, n], numbers)
}

interface Form {
  factor: Factor
  /** Of the picture, padded: both sides are squares. */
  size: Size
  /**
   * `sr`, or a stage by its name in the golden files; names that the network has not are left out. `sr` alone unless
   * given.
   */
  outputs?: readonly string[]
}

/**
 * `lr` [1, 3, H, W], RGB in 0..1, to `sr` [1, 3, factor H, factor W], which may lie outside of 0..1. The size is fixed:
 * windows and position biases follow from it, and so does the memory that a run takes (H W sqrt(H W) logits a head).
 * Parameters have the names of section 3.6, whatever the size.
 *
 * @throws Error where a side is no square
 */
export const buildMaxsr = (
  scale: MaxsrScale,
  { factor, size: { width, height }, outputs = ['sr'] }: Form
): Graph =>
  build(s => {
    const [p, q] = [windowOf(height), windowOf(width)]
    if (p * p !== height || q * q !== width) throw new Error(`${width} x ${height}: a side is no square`)
    const windows = { p, q, offsets: offsetsOf(p, q) }
    const stages: Stages = new Map()
    const note = (name: string, tensor: Tensor) => {
      stages.set(name, tensor)
      return tensor
    }
    const conv = (at: Scope, x: Tensor, out: number) => conv2d(at, x, out, { kernel: 3 })
    const c = scale.width
    const means = constant('float32', [1, 3, 1, 1], mean)

    const lr = s.input('lr', 'float32', [1, 3, height, width])
    const sfeb = s.at('sfeb')
    const shallow = note('sfeb.0', conv(sfeb.at(0), lr.sub(means), c))
    let x = note('sfeb.1', conv(sfeb.at(1), shallow, c))
    const ends: Tensor[] = []
    for (let i = 0; i < scale.stages; i++) {
      const stage = s.at('stages').at(i)
      for (let j = 0; j < scale.blocks; j++) x = block(stage.at(j), x, scale, windows, stages)
      ends.push(note(stage.path, x))
    }
    const hffb = s.at('hffb')
    const fused = conv2d(hffb.at(0), concat(ends, { axis: 1 }), c, { kernel: 1 })
    x = note('hffb', conv(hffb.at(1), fused, c).add(shallow))
    for (const [i, by] of shuffles[factor].entries())
      x = depthToSpace(conv(s.at('up').at(i), x, by * by * c), { blocksize: by, mode: 'CRD' })
    note('up', x)
    note('sr', conv(s.at('last'), x, 3).add(means))
    return Object.fromEntries(
      outputs.flatMap(name => {
        const tensor = stages.get(name)
        return tensor ? [[name, tensor]] : []
      })
    )
  })
