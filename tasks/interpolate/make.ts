import { madeRow, type MadeRow } from '../../events/rows.ts'
import type { Picture } from '../../models/picture.ts'
import { toFrame, toPicture } from '../../models/dqbc/frame.ts'
import { interpolator, type Encoded, type Interpolator } from '../../models/dqbc/interpolate.ts'
import type { Frame, PictureStage } from '../define.ts'
import type { Options } from './options.ts'
import { brightnessOf, difference, type Brightness } from './scene.ts'
import { halvings, momentsBetween, resultTimeBase } from './times.ts'

/** What is between two frames, each made once: at so many halvings of the way. */
const openPair = ({ encode, middle }: Interpolator, first: Encoded, last: Encoded) => {
  const made = new Map<string, Promise<Encoded>>()
  const at = async (eighth: number, a: Encoded, b: Encoded, from: number, to: number): Promise<Encoded> => {
    if (eighth === from) return a
    if (eighth === to) return b
    const [half, name] = [(from + to) / 2, `${from}-${to}`]
    const middleOf = made.get(name) ?? middle(a, b).then(encode)
    made.set(name, middleOf)
    const between = await middleOf
    return eighth <= half ? at(eighth, a, between, from, half) : at(eighth, between, b, half, to)
  }
  return (eighth: number) => at(eighth, first, last, 0, 2 ** halvings)
}

/** Makes the frames between two by DQBC; across a cut between scenes the earlier one is shown again. */
export const make: PictureStage<Options> = {
  kind: 'pictures',
  name: 'interpolate',
  row: madeRow,
  video: 'interpolated.mp4',
  model: ({ model }) => model,
  made: ({ rate }, { video }) => ({
    width: video.width,
    height: video.height,
    timeBase: resultTimeBase(video.timeBase, rate)
  }),

  open({ options: { rate, sceneCut, augmented }, clip: { video }, run }) {
    const network = interpolator(run, { augmented })
    /** The frame that was last seen as the next one, so that each is decoded, encoded and looked over once. */
    let known: { index: number; picture: Picture; brightness: Brightness; encoded: Encoded } | undefined
    const open = async (frame: Frame) => {
      if (known?.index === frame.index) return known
      const picture = await frame.picture()
      const encoded = network.encode(toFrame(picture))
      return { index: frame.index, picture, brightness: brightnessOf(picture), encoded }
    }

    return async (frame, next) => {
      const here = await open(frame)
      const there = next && (await open(next))
      known = there
      const cut =
        sceneCut < 1 && there !== undefined && difference(here.brightness, there.brightness) >= sceneCut
      const pair = there && !cut ? openPair(network, here.encoded, there.encoded) : undefined
      const moments = momentsBetween(video, rate, frame.pts, next?.pts)
      const pictures: { pts: number; picture: Picture }[] = []
      for (const { pts, eighth } of moments) {
        const shown = pair ? await pair(eighth) : here.encoded
        const picture = shown === here.encoded ? here.picture : toPicture(shown.frame)
        pictures.push({ pts, picture })
      }
      const row: MadeRow = {
        frame: frame.index,
        pictures: pictures.length,
        deviation: Math.max(0, ...moments.map(({ deviation }) => deviation)),
        ...(cut && { cut: true })
      }
      return { row, pictures }
    }
  }
}
