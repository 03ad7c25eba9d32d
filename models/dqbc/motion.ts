/** The first flow, at 1/8 (specification, section 3.4). */
import { ops, type Dim, type Scope, type Tensor } from '../graph/index.ts'
import { conv2d, groupNorm } from '../nn/index.ts'
import { correlation, offsetCount, toMiddle } from './correlation.ts'
import { convPrelu, prelu, pyramid, type Stages } from './layers.ts'

const { concat, gelu } = ops

interface Pair {
  frames: readonly [Tensor, Tensor]
  /** What the frames are matched by. */
  features: readonly [Tensor, Tensor]
}

/**
 * Frames [1, 3, H, W] and their features -> [1, 4, H / 8, W / 8]: from the middle to the first frame (x, y) and to the
 * second, in pixels of this size.
 */
export const motion = (s: Scope, { frames, features }: Pair, stages: Stages) => {
  const moved = toMiddle(correlation(s.at('corr_fn'), ...features, stages))
  const [, , h, w] = moved.shape as [Dim, Dim, Dim, Dim]
  const shifted = stages.note('corr.shifted', moved.reshape([1, 2 * offsetCount, h, w]))

  const gen = s.at('flowgen')
  const note = (name: string, x: Tensor) => stages.note(gen.at(name).path, x)
  const seen = note(
    'inet',
    pyramid(gen.at('inet'), concat(frames, { axis: 1 }), [64, 128, 256], stages).at(-1)!
  )
  const manip = gen.at('corr_manip').at('mlp')
  const inner = gelu(conv2d(manip.at(0), shifted, 768, { kernel: 1 }))
  const matched = note('corr_manip', conv2d(manip.at(2), inner, 192, { kernel: 1 }))

  const fuse = gen.at('fuse_block')
  const first = convPrelu(fuse.at(0), concat([seen, matched], { axis: 1 }), 256)
  const wide = convPrelu(fuse.at(1), first, 256, { kernel: 7, groups: 4 })
  const fused = note('fuse_block', conv2d(fuse.at(2), wide, 256, { kernel: 3 }))
  const normed = note('norm', groupNorm(gen.at('norm'), prelu(gen.at('act'), seen.add(fused)), 8))
  return note('head', conv2d(gen.at('head'), normed, 4, { kernel: 3 }))
}
