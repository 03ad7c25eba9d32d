/** What DQBC's nets are made of (specification, section 3). The batch is one pair of frames. */
import { ops, type Dim, type Scope, type Tensor } from '../graph/index.ts'
import { divideExactly, minus, plus, times } from '../graph/dim.ts'
import { conv2d } from '../nn/index.ts'

const { averagePool, concat, conv, convTranspose, expand, gridSample, range, relu, slice, split, sub } = ops

/** Tensors on the way, by the names that the golden files have for them. */
export class Stages extends Map<string, Tensor> {
  note(name: string, tensor: Tensor) {
    this.set(name, tensor)
    return tensor
  }
}

/** x where it is positive, `slope` times x elsewhere. The runtime has an operator for it, which takes several times as long. */
const bent = (x: Tensor, slope: Tensor) => x.mul(slope).add(relu(x).mul(sub(1, slope)))

/** One slope per channel. */
const slopes = (s: Scope, channels: number) => s.param('weight', [channels]).reshape([channels, 1, 1])

/** PReLU: section 3. */
export const prelu = (s: Scope, x: Tensor) => bent(x, slopes(s, x.shape[1] as number))

interface Kernel {
  kernel?: number
  stride?: number
  padding?: number
  groups?: number
}

/** The authors' `conv`: a convolution and a PReLU, at output layers too. */
export const convPrelu = (s: Scope, x: Tensor, out: number, { kernel = 3, ...rest }: Kernel = {}) =>
  prelu(s.at(1), conv2d(s.at(0), x, out, { kernel, ...rest }))

/** `down0`, `down1`, …: each halves height and width. Gives the result of each. */
export const pyramid = (s: Scope, x: Tensor, outs: readonly number[], stages: Stages) => {
  const levels: Tensor[] = []
  for (const [i, out] of outs.entries()) {
    const down = s.at(`down${i}`)
    x = convPrelu(down.at('conv1'), x, out, { kernel: 4, stride: 2, padding: 1 })
    x = stages.note(down.path, convPrelu(down.at('conv2'), x, out))
    levels.push(x)
  }
  return levels
}

/** A strip of rows, and how many further ones are there on either side. */
interface Strip {
  x: Tensor
  above: number
  below: number
}

/**
 * Layers by strips of rows, one after the other, where what is between them is larger than what goes in and comes out:
 * `make` sees all `parts` [1, …, h, w] joined along their channels. h is a multiple of 8.
 * @param count of strips; 2, 4 or 8
 * @param halo rows that are seen beyond the strip
 */
const inStrips = (parts: readonly Tensor[], count: number, halo: number, make: (strip: Strip) => Tensor) => {
  const rows = divideExactly(parts[0].shape[2], count)!
  const strips = Array.from({ length: count }, (_, i) => {
    const [above, below] = [i > 0 ? halo : 0, i < count - 1 ? halo : 0]
    const [start, end] = [minus(times(i, rows), above), plus(times(i + 1, rows), below)]
    const pieces = parts.map(part => slice(part, [start], [end], [2]))
    return make({ x: pieces.length > 1 ? concat(pieces, { axis: 1 }) : pieces[0], above, below })
  })
  return concat(strips, { axis: 2 })
}

const channelsOf = (parts: readonly Tensor[]) =>
  parts.reduce((sum, { shape }) => sum + (shape[1] as number), 0)

/** The scales of the flow: 3 is 1/8, 2 is 1/4, 1 is 1/2. */
export type Scale = 1 | 2 | 3

/** So that strips are of about one size at all scales, and few where the picture is small. */
const stripsAt = (scale: Scale) => 2 ** (4 - scale)

/** Two layers over the channels of all `parts`: [1, …, h, w] each -> [1, out, h, w]. */
export const mlp = (s: Scope, scale: Scale, parts: readonly Tensor[], hidden: number, out: number) => {
  const layer = (at: Scope, from: number, to: number) => ({
    weight: at.param('weight', [to, from, 1, 1]),
    bias: at.param('bias', [to])
  })
  const [first, second] = [layer(s.at(0), channelsOf(parts), hidden), layer(s.at(2), hidden, out)]
  const slope = slopes(s.at(1), hidden)
  return inStrips(parts, stripsAt(scale), 0, ({ x }) =>
    conv(bent(conv(x, first.weight, first.bias), slope), second.weight, second.bias)
  )
}

/** Twice the height and width: [1, C, h, w] -> [1, out, 2 h, 2 w]. */
export const deconv = (s: Scope, scale: Scale, x: Tensor, out: number) => {
  const weight = s.at(0).param('weight', [channelsOf([x]), out, 4, 4])
  const bias = s.at(0).param('bias', [out])
  const slope = slopes(s.at(1), out)
  // Each row of the halo makes two that are cut off.
  return inStrips([x], stripsAt(scale), 1, ({ x, above, below }) =>
    bent(
      convTranspose(x, weight, bias, { strides: [2, 2], pads: [1 + 2 * above, 1, 1 + 2 * below, 1] }),
      slope
    )
  )
}

/** Two convolutions at full size, over the channels of all `parts` [1, …, H, W] -> [1, out, H, W]. */
export const outputNet = (s: Scope, parts: readonly Tensor[], out: number) => {
  const inner = 32
  const weight = s
    .at(0)
    .at(0)
    .param('weight', [inner, channelsOf(parts), 3, 3])
  const bias = s.at(0).at(0).param('bias', [inner])
  const slope = slopes(s.at(0).at(1), inner)
  const x = inStrips(parts, 8, 1, ({ x, above, below }) =>
    bent(conv(x, weight, bias, { pads: [1 - above, 1, 1 - below, 1] }), slope)
  )
  return convPrelu(s.at(1), x, out)
}

/** 2 x 2 pixels to their mean. */
export const halved = (x: Tensor) => averagePool(x, { kernel_shape: [2, 2], strides: [2, 2] })

/** Both halves of a flow: what leads to the first frame, and to the second, [1, 2, h, w] each. */
export const flows = (flow: Tensor) => split(flow, undefined, { axis: 1, num_outputs: 2 }) as [Tensor, Tensor]

/** Where pictures of [h, w] are read bilinearly, by a flow [1, 2, h, w] in pixels (x, y); clamped at the border. */
export const warper = (h: Dim, w: Dim) => {
  const places = (n: Dim, shape: Dim[]) => expand(range(0, n, 1).cast('float32').reshape(shape), [1, h, w, 1])
  const here = concat([places(w, [1, 1, w, 1]), places(h, [1, h, 1, 1])], { axis: 3 })
  const last = [minus(w, 1), minus(h, 1)]
  return (x: Tensor, flow: Tensor) => {
    const grid = flow.transpose([0, 2, 3, 1]).add(here).div(last).mul(2).sub(1)
    return gridSample(x, grid, { padding_mode: 'border', align_corners: 1 })
  }
}
