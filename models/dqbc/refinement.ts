/** The flow from 1/8 to full size (specification, section 3.6). */
import { plus } from '../graph/dim.ts'
import { ops, type Dim, type Scope, type Tensor } from '../graph/index.ts'
import { conv2d } from '../nn/index.ts'
import { convPrelu, deconv, flows, mlp, outputNet, warper, type Scale, type Stages } from './layers.ts'

const { depthToSpace, exp, pad, reduceMax, reduceSum, slice, split } = ops

/** A frame and its context maps at 1/2, 1/4, 1/8. */
export interface Seen {
  frame: Tensor
  contexts: readonly Tensor[]
}

/** Neighbours that an upsampled flow is a mean of: 3 x 3, row by row. */
const neighbours = [0, 1, 2].flatMap(row => [0, 1, 2].map(column => [row, column] as const))

/**
 * Twice the size, each flow a weighted mean of nine: flow [1, 4, h, w] in its pixels and logits [1, 36, h, w] ->
 * [1, 4, 2 h, 2 w] in pixels of the result.
 */
export const convexUpsample = (flow: Tensor, logits: Tensor) => {
  const [, , h, w] = flow.shape as [Dim, Dim, Dim, Dim]
  const places = logits.reshape([1, 9, 4, h, w])
  const weights = exp(places.sub(reduceMax(places, [1])))
  const around = pad(flow.mul(2), [1, 1, 1, 1], undefined, [2, 3])
  const parts = split(weights, undefined, { axis: 1, num_outputs: 9 }).map((weight, k) => {
    const [row, column] = neighbours[k]
    const neighbour = slice(around, [row, column], [plus(h, row), plus(w, column)], [2, 3])
    return weight.mul(neighbour.reshape([4, 1, h, w])) // [1, 4 numbers of the flow, 4 places in a pixel, h, w]
  })
  const mean = parts.reduce((a, b) => a.add(b)).div(reduceSum(weights, [1]))
  return depthToSpace(mean.reshape([1, 16, h, w]), { blocksize: 2, mode: 'CRD' })
}

interface Level {
  /** What the level below hands on; the lowest has none. */
  x: Tensor | undefined
  flow: Tensor
  contexts: readonly [Tensor, Tensor]
}

/** The flow at one scale, refined, and at the next: [1, 4, h, w] -> [1, 4, 2 h, 2 w]; `x` likewise. */
const up = (
  s: Scope,
  scale: Scale,
  width: number,
  { x, flow, contexts: [c0, c1] }: Level,
  stages: Stages
) => {
  const note = (name: string, y: Tensor) => stages.note(s.path + name, y)
  const [, , h, w] = flow.shape as [Dim, Dim, Dim, Dim]
  const warp = warper(h, w)
  const [f0, f1] = flows(flow)
  const parts = [...(x ? [x] : []), flow, warp(c0, f0), warp(c1, f1)]
  const change = note('.mlp', mlp(s.at('mlp'), scale, parts, 4 * width, width))
  const y = x ? change.add(x) : change
  const block = s.at('conv_block')
  const inner = convPrelu(block.at(1), convPrelu(block.at(0), y, width), width, { kernel: 7, groups: 4 })
  const z = y.add(note('.conv_block', convPrelu(block.at(2), inner, width)))

  const decoded = conv2d(s.at('flow_decoder').at('decoder'), z, 40, { kernel: 3 })
  const [update, logits] = split(decoded, [4, 36], { axis: 1 }) as [Tensor, Tensor]
  const refined = note('.flow_decoder.0', flow.add(update))
  note('(flow,flow_up,x).0', refined)
  note('.flow_decoder.1', logits)
  return {
    flow: note('(flow,flow_up,x).1', convexUpsample(refined, logits)),
    x: note('(flow,flow_up,x).2', deconv(s.at('up'), scale, z, width / 2))
  }
}

/**
 * Flow [1, 4, H / 8, W / 8] -> flow [1, 4, H, W] in full pixels, and logits [1, 2, H, W] of what is taken of the first
 * frame and of the second.
 */
export const refine = (s: Scope, coarse: Tensor, seen: readonly [Seen, Seen], stages: Stages) => {
  let [flow, x]: [Tensor, Tensor | undefined] = [coarse, undefined]
  for (const [scale, width] of [
    [3, 256],
    [2, 128],
    [1, 64]
  ] as const) {
    const contexts = seen.map(({ contexts }) => contexts[scale - 1]) as [Tensor, Tensor]
    ;({ flow, x } = up(s.at(`up${scale}`), scale, width, { x, flow, contexts }, stages))
  }
  const [{ frame: im0 }, { frame: im1 }] = seen
  const warp = warper(flow.shape[2], flow.shape[3])
  const [f0, f1] = flows(flow)
  const output = s.at('conv_output')
  const logits = outputNet(output, [flow, x!, warp(im0, f0), warp(im1, f1)], 2)
  return { flow, logits: stages.note(output.path, logits) }
}
