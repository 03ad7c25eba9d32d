/** Layers as plain functions of a scope, which names their parameters as PyTorch does, and a tensor. */
import { ops, ShapeError, type Dim, type Scope, type Tensor } from '../graph/index.ts'

const {
  conv,
  batchNormalization,
  layerNormalization,
  matMul,
  reduceMean,
  softmax,
  split,
  squeeze,
  gelu,
  sigmoid,
  sqrt,
  resize
} = ops

/** A size of the tensor that the weights depend on, which must be a number. */
const fixed = (s: Scope, x: Tensor, axis: number): number => {
  const size = x.shape.at(axis)
  if (typeof size === 'number') return size
  throw new ShapeError(`${s.path}: axis ${axis} of [${x.shape.join(', ')}] is no number`)
}

interface Conv2d {
  kernel: number
  stride?: number
  /** On all sides; half the kernel unless given. */
  padding?: number
  groups?: number
  bias?: boolean
}

/** Conv2d: [B, C, H, W] -> [B, out, H', W']; `weight` [out, C / groups, k, k], `bias` [out]. */
export const conv2d = (
  s: Scope,
  x: Tensor,
  out: number,
  { kernel: k, stride = 1, padding = (k - 1) / 2, groups = 1, bias = true }: Conv2d
) => {
  const weight = s.param('weight', [out, fixed(s, x, 1) / groups, k, k])
  return conv(x, weight, bias ? s.param('bias', [out]) : undefined, {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    group: groups
  })
}

/** BatchNorm2d with its running statistics, over axis 1. */
export const batchNorm = (s: Scope, x: Tensor, { eps = 1e-5 } = {}) => {
  const shape = [fixed(s, x, 1)]
  const [weight, bias] = [s.param('weight', shape), s.param('bias', shape)]
  const [mean, variance] = [s.param('running_mean', shape), s.param('running_var', shape)]
  s.param('num_batches_tracked', [], 'int64')
  return batchNormalization(x, weight, bias, mean, variance, { epsilon: eps })
}

/** Linear: [..., C] -> [..., out]; `weight` [out, C]. */
export const linear = (s: Scope, x: Tensor, out: number, { bias = true } = {}) => {
  const y = matMul(x, s.param('weight', [out, fixed(s, x, -1)]).transpose([1, 0]))
  return bias ? y.add(s.param('bias', [out])) : y
}

/** LayerNorm over the last axis. */
export const layerNorm = (s: Scope, x: Tensor, { eps = 1e-5 } = {}) => {
  const shape = [fixed(s, x, -1)]
  return layerNormalization(x, s.param('weight', shape), s.param('bias', shape), { epsilon: eps })
}

/** GroupNorm over axis 1: [1, C, H, W]; `weight` [C], `bias` [C]. */
export const groupNorm = (s: Scope, x: Tensor, groups: number, { eps = 1e-5 } = {}) => {
  const c = fixed(s, x, 1)
  const grouped = x.reshape([groups, -1])
  const centred = grouped.sub(reduceMean(grouped, [1]))
  const variance = reduceMean(centred.mul(centred), [1])
  const perChannel = (name: string) => s.param(name, [c]).reshape([c, 1, 1])
  return centred
    .div(sqrt(variance.add(eps)))
    .reshape(x.shape)
    .mul(perChannel('weight'))
    .add(perChannel('bias'))
}

/** Multi-head self-attention as in timm: [B, N, C] -> [B, N, C]; `qkv` [3 C, C], `proj` [C, C]. */
export const attention = (s: Scope, x: Tensor, heads: number, { qkvBias = true } = {}) => {
  const [b, n] = x.shape as [Dim, Dim]
  const c = fixed(s, x, -1)
  const qkv = linear(s.at('qkv'), x, 3 * c, { bias: qkvBias })
    .reshape([b, n, 3, heads, c / heads])
    .transpose([2, 0, 3, 1, 4]) // [3, B, heads, N, C / heads]
  const [q, k, v] = split(qkv, undefined, { num_outputs: 3 }).map(part => squeeze(part, [0])) as [
    Tensor,
    Tensor,
    Tensor
  ]
  const scores = q.mul((c / heads) ** -0.5).matMul(k.transpose([0, 1, 3, 2])) // [B, heads, N, N]
  const y = softmax(scores).matMul(v).transpose([0, 2, 1, 3]).reshape([b, n, c])
  return linear(s.at('proj'), y, c)
}

/** Two linear layers with GELU between them: [..., C] -> [..., C]; `fc1`, `fc2`. */
export const mlp = (s: Scope, x: Tensor, hidden: number) =>
  linear(s.at('fc2'), gelu(linear(s.at('fc1'), x, hidden)), fixed(s, x, -1))

export const silu = (x: Tensor) => x.mul(sigmoid(x))

/** Each pixel becomes `factor` x `factor` equal ones. */
export const upsampleNearest = (x: Tensor, factor: number) =>
  resize(x, undefined, [1, 1, factor, factor], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor'
  })
