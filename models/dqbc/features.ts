/** What is seen in one frame by itself, so once for the two pairs that it is in (specification, sections 3.1 and 3.5). */
import { ops, type Scope, type Tensor } from '../graph/index.ts'
import { batchNorm, conv2d } from '../nn/index.ts'
import { pyramid, type Stages } from './layers.ts'

const { relu } = ops

/** Channels of the context maps at 1/2, 1/4 and 1/8. */
export const contextWidths = [32, 64, 128] as const
/** Channels of what is correlated. */
export const featureWidth = 128

const block = (s: Scope, x: Tensor, out: number, stride: 1 | 2) => {
  const y = relu(
    batchNorm(s.at('norm1'), conv2d(s.at('conv1'), x, out, { kernel: 2 + stride, stride, padding: 1 }))
  )
  const z = relu(batchNorm(s.at('norm2'), conv2d(s.at('conv2'), y, out, { kernel: 3 })))
  if (stride === 1) return relu(x.add(z))
  // The checkpoints hold one norm under two names.
  for (const name of ['weight', 'bias', 'running_mean', 'running_var']) s.at('norm3').param(name, [out])
  s.at('norm3').param('num_batches_tracked', [], 'int64')
  const skip = s.at('downsample')
  return relu(batchNorm(skip.at(1), conv2d(skip.at(0), x, out, { kernel: 2, stride: 2, padding: 0 })).add(z))
}

/** What frames are matched by: [1, 3, H, W] -> [1, 128, H / 8, W / 8]. */
export const featureNet = (s: Scope, frame: Tensor, stages: Stages) => {
  const stem = stages.note(
    s.at('conv1').path,
    conv2d(s.at('conv1'), frame, 64, { kernel: 6, stride: 2, padding: 2 })
  )
  const layers = [
    { out: 64, stride: 1 },
    { out: 96, stride: 2 },
    { out: featureWidth, stride: 2 }
  ] as const
  const x = layers.reduce(
    (y, { out, stride }, i) => {
      const layer = s.at(`layer${i + 1}`)
      return stages.note(layer.path, block(layer.at(1), block(layer.at(0), y, out, stride), out, 1))
    },
    relu(batchNorm(s.at('norm1'), stem))
  )
  return stages.note(s.at('conv2').path, conv2d(s.at('conv2'), x, featureWidth, { kernel: 1 }))
}

/** What is blended: maps at 1/2, 1/4 and 1/8. */
export const contextNet = (s: Scope, frame: Tensor, stages: Stages) =>
  pyramid(s, frame, contextWidths, stages)
