/** The picture in the middle, out of what the flow brings together (specification, section 3.7). */
import { ops, type Dim, type Scope, type Tensor } from '../graph/index.ts'
import { conv2d } from '../nn/index.ts'
import {
  convPrelu,
  deconv,
  flows,
  halved,
  mlp,
  outputNet,
  prelu,
  pyramid,
  warper,
  type Scale,
  type Stages
} from './layers.ts'
import type { Seen } from './refinement.ts'

const { concat, sigmoid, split, sub } = ops

const residual = (s: Scope, x: Tensor) => {
  const inner = s.at('conv2')
  const width = x.shape[1] as number
  return prelu(
    s.at('act'),
    x.add(conv2d(inner.at(1), convPrelu(inner.at(0), x, width), width, { kernel: 3 }))
  )
}

interface Level {
  /** What the level below hands on. */
  x: Tensor
  /** In pixels of this size. */
  flow: Tensor
  contexts: readonly [Tensor, Tensor]
  /** What is seen in the frames that the flow has moved; the lowest level begins with it. */
  activity: Tensor | undefined
}

/** [1, width, h, w] -> [1, width / 2, 2 h, 2 w] */
const up = (s: Scope, scale: Scale, width: number, level: Level, stages: Stages) => {
  const {
    x,
    flow,
    contexts: [c0, c1],
    activity
  } = level
  const [, , h, w] = flow.shape as [Dim, Dim, Dim, Dim]
  const warp = warper(h, w)
  const [f0, f1] = flows(flow)
  const parts = [x, warp(c0, f0), warp(c1, f1), ...(activity ? [activity] : [])]
  const y = mlp(s.at('mlp'), scale, parts, 4 * width, width).add(x)
  const block = s.at('conv_block')
  const z = residual(block.at(1), residual(block.at(0), y)).add(y)
  return stages.note(s.path, deconv(s.at('up'), scale, z, width / 2))
}

interface Motion {
  /** [1, 4, H, W], in pixels. */
  flow: Tensor
  /** [1, 2, H, W]: of the first frame and of the second. */
  logits: Tensor
}

/** The middle frame [1, 3, H, W], around 0..1. */
export const synthesise = (
  s: Scope,
  { flow, logits }: Motion,
  seen: readonly [Seen, Seen],
  stages: Stages
) => {
  const [{ frame: im0 }, { frame: im1 }] = seen
  const warp = warper(flow.shape[2], flow.shape[3])
  const [f0, f1] = flows(flow)
  const [w0, w1] = [stages.note('pred.wp0', warp(im0, f0)), stages.note('pred.wp1', warp(im1, f1))]
  stages.note('pred.bw_flo', f0)
  stages.note('pred.fw_flo', f1)

  const all = concat([flow, logits, w0, w1, im0, im1], { axis: 1 })
  const [a1, a2, a3] = pyramid(s.at('acnet'), all, [64, 128, 256], stages)
  const smaller = [flow]
  for (let i = 0; i < 3; i++) smaller.push(halved(smaller[i]).mul(0.5))
  let x = a3
  for (const [scale, width, activity] of [
    [3, 256, undefined],
    [2, 128, a2],
    [1, 64, a1]
  ] as const) {
    const contexts = seen.map(({ contexts }) => contexts[scale - 1]) as [Tensor, Tensor]
    x = up(s.at(`up${scale}`), scale, width, { x, flow: smaller[scale], contexts, activity }, stages)
  }

  const output = s.at('net_output')
  const found = stages.note(output.path, outputNet(output, [flow, x, w0, w1], 5))
  const [update, change] = split(found, [2, 3], { axis: 1 }) as [Tensor, Tensor]
  stages.note('synth(res,mask).0', change)
  const weights = stages.note('synth(res,mask).1', logits.add(update))
  const [m0, m1] = split(weights, undefined, { axis: 1, num_outputs: 2 })
  // The first of a softmax over two.
  const mask = stages.note('pred.mask', sigmoid(sub(m0, m1)))
  const raw = stages.note('pred.raw', w1.add(mask.mul(w0.sub(w1))))
  return stages.note('pred.final', raw.add(change))
}
