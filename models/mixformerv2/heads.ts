/** What is read from the transformer's tokens: edges of the box, corners of the box, a score. */
import { constant, ops, type Scope, type Tensor } from '../graph/index.ts'
import { batchNorm, conv2d, layerNorm, linear, upsampleNearest } from '../nn/index.ts'
import { width, type Stages } from './backbone.ts'

const { concat, reduceMean, reduceSum, relu, sigmoid, softmax, split } = ops

/** Parts of a tensor along axis 1, one for each of its tokens: [1, n, C] -> n of [1, C]. */
const perToken = (x: Tensor) => {
  const [, n, c] = x.shape as [number, number, number]
  return split(x, undefined, { axis: 1, num_outputs: n }).map(part => part.reshape([1, c]))
}

/**
 * Where an edge is, from the probability of each bin: [1, n, bins] -> [1, n, 1] as part of the search crop's side;
 * bin j stands for j * side / bins pixels.
 */
const expectation = (probabilities: Tensor, side: number) => {
  const bins = probabilities.shape.at(-1) as number
  const places = Array.from({ length: bins }, (_, j) => (j * side) / bins)
  return probabilities.matMul(constant('float32', [bins, 1], places)).div(side)
}

/** Edges [1, 1, 1] each to centre x, centre y, width, height [1, 1, 4]; sizes may be negative. */
const centred = (l: Tensor, t: Tensor, r: Tensor, b: Tensor) =>
  concat([l.add(r).div(2), t.add(b).div(2), r.sub(l), b.sub(t)], { axis: 2 })

/**
 * The box head over the prediction tokens [1, 4, 768] (left, right, top, bottom), one MLP for all: section 3.4.
 * `pred_boxes` is [1, 1, 4] as parts of the search crop's side, `prob_…` [1, bins].
 */
export const boxHead = (
  s: Scope,
  tokens: Tensor,
  { bins, search }: { bins: number; search: number },
  stages: Stages
) => {
  const layer = (i: number, x: Tensor, out: number) => {
    const at = s.at('layers').at(i)
    return layerNorm(at.at(1), linear(at.at(0), x, out))
  }
  const noteEach = (name: string, x: Tensor) => {
    for (const [i, part] of perToken(x).entries()) stages.set(`${s.path}.${name}#${i}`, part)
    return x
  }
  const inner = noteEach('layers.0', relu(layer(0, tokens, width)))
  const probabilities = softmax(noteEach('layers.1', layer(1, inner, bins)))
  const [prob_l, prob_r, prob_t, prob_b] = perToken(probabilities)
  const [l, r, t, b] = split(expectation(probabilities, search), undefined, { axis: 1, num_outputs: 4 })
  return { pred_boxes: centred(l, t, r, b), prob_l, prob_t, prob_b, prob_r }
}

/** The score head over the prediction tokens: a logit [1] and its sigmoid. Section 3.5. */
export const scoreHead = (s: Scope, tokens: Tensor, stages: Stages) => {
  const layers = s.at('layers')
  const logits = linear(layers.at(1), relu(linear(layers.at(0).at(0), tokens, width)), 1)
  stages.set(layers.path, logits)
  const pred_scores = reduceMean(logits, [1, 2], { keepdims: 0 })
  return { pred_scores, score_sigmoid: sigmoid(pred_scores) }
}

/**
 * MixViT's corner head over the search's features [1, 768, g, g]: a map [1, 4 g, 4 g] for each of two corners.
 * Section 6.5. `prob_tl`, `prob_br` are [1, 16 g g], their marginals `prob_l`, `prob_t`, `prob_r`, `prob_b` [1, 4 g].
 */
export const cornerHead = (s: Scope, features: Tensor, search: number, stages: Stages) => {
  const side = 4 * (features.shape[2] as number)
  const maps = (['tl', 'br'] as const).map(corner => {
    const probabilities = softmax(cornerMap(s, features, corner, stages).reshape([1, side * side]))
    const grid = probabilities.reshape([1, side, side])
    const marginal = (axis: number) => reduceSum(grid, [axis], { keepdims: 0 })
    return { probabilities, x: marginal(1), y: marginal(2) }
  })
  const [tl, br] = maps as [(typeof maps)[0], (typeof maps)[0]]
  const at = (marginal: Tensor) => expectation(marginal.reshape([1, 1, side]), search)
  return {
    pred_boxes: centred(at(tl.x), at(tl.y), at(br.x), at(br.y)),
    prob_tl: tl.probabilities,
    prob_br: br.probabilities,
    prob_l: tl.x,
    prob_t: tl.y,
    prob_r: br.x,
    prob_b: br.y
  }
}

/** A pyramid of convolutions, fed with the features again at each scale: [1, 768, g, g] -> [1, 1, 4 g, 4 g]. */
const cornerMap = (s: Scope, x: Tensor, corner: string, stages: Stages) => {
  const scope = (name: string) => s.at(`${name}_${corner}`)
  const note = (at: Scope, y: Tensor) => stages.note(at.path, y)
  const cbr = (at: Scope, y: Tensor, out: number) =>
    relu(batchNorm(at.at(1), conv2d(at.at(0), y, out, { kernel: 3 })))
  const one = (name: string, y: Tensor, out: number) => note(scope(name), cbr(scope(name), y, out))
  const row = (name: string, y: Tensor, outs: number[]) =>
    note(
      scope(name),
      outs.reduce((z, out, i) => cbr(scope(name).at(i), z, out), y)
    )
  const up = upsampleNearest
  const c = width / 2
  const x1 = one('conv1', x, c)
  const x2 = one('conv2', x1, c / 2)
  const x3 = one('conv3', up(one('adjust1', x, c / 2), 2).add(up(x2, 2)), c / 4)
  const x4 = one('conv4', up(one('adjust2', x, c / 4), 4).add(up(x3, 2)), c / 8)
  const last = scope('conv5')
  return note(last, conv2d(last, x4, 1, { kernel: 1 }))
    .add(up(row('adjust3', x2, [c / 4, c / 8, 1]), 4))
    .add(up(row('adjust4', x3, [c / 8, 1]), 2))
}
