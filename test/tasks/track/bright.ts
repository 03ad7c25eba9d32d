import sharp from 'sharp'
import { build, constant, ops } from '../../../models/graph/index.ts'
import { trackerDefaults } from '../../../models/mixformerv2/tracker.ts'
import { mixFormerVariants } from '../../../models/mixformerv2/variants.ts'
import { installStandIn } from '../stand-in.ts'

const { concat, reduceMax, reduceMean, sigmoid, softmax } = ops
const { template, search } = mixFormerVariants.s

/** [1, 3, side, side] -> [1, side * side], and the places of its pixels as parts of the side: [side * side, 2]. */
const greyOf = (s: Parameters<Parameters<typeof build>[0]>[0], name: string, side: number) =>
  reduceMean(s.input(name, 'float32', [1, 3, side, side]), [1]).reshape([1, side * side])
const places = (side: number) =>
  Array.from({ length: side * side }, (_, i) => [
    ((i % side) + 0.5) / side,
    (Math.floor(i / side) + 0.5) / side
  ]).flat()

/** What there is in mixformerv2-s's place: it looks for what is brightest, of the size that the target had. */
const bright = {
  template: build(s => ({
    memory: concat(
      [
        reduceMean(greyOf(s, 'template', template), [1]),
        reduceMean(greyOf(s, 'online_template', template), [1])
      ],
      { axis: 1 }
    )
  })),
  search: build(s => {
    const grey = greyOf(s, 'search', search)
    const memory = s.input('memory', 'float32', [1, 2])
    const middle = softmax(grey.mul(20)).matMul(constant('float32', [search * search, 2], places(search)))
    const size = 1 / trackerDefaults.s.searchFactor
    return {
      pred_boxes: concat([middle, constant('float32', [1, 2], [size, size])], { axis: 1 }).reshape([1, 1, 4]),
      score_sigmoid: sigmoid(
        reduceMax(grey, [1])
          .mul(2)
          .add(reduceMean(memory, [1]))
      ).reshape([1])
    }
  })
}

/** Writes it into a folder of built models, as a model of this name. @returns its digest */
export const installBright = (models: string, model = 'mixformerv2-s'): Promise<string> =>
  installStandIn(models, { model, system: 'mixformerv2', variant: 's' }, bright)

/** A picture 320 x 240, black but for squares of 20 x 20 pixels around these places. */
export const squares = (...middles: (readonly [x: number, y: number])[]) => {
  const [width, height, half] = [320, 240, 10]
  const data = new Uint8Array(width * height * 3)
  for (const [x, y] of middles)
    for (let row = Math.max(0, y - half); row < Math.min(height, y + half); row++)
      data.fill(255, 3 * (row * width + Math.max(0, x - half)), 3 * (row * width + Math.min(width, x + half)))
  return { width, height, data }
}

export const jpeg = ({ width, height, data }: ReturnType<typeof squares>): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95 })
    .toBuffer()
