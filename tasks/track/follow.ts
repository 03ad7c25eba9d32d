import { seconds } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { targetRow, type TargetRow } from '../../events/rows.ts'
import type { FoldStage, Frame, StageContext } from '../define.ts'
import { startSeconds, type Options } from './options.ts'
import { openFollower } from './systems.ts'

type Context = StageContext<Options>
type Box = Options['box'][number]

/** What follows each target, before the start nothing; and the frame before. */
interface State {
  targets?: unknown[]
  seen?: number
}

const follower = ({ model, options, run }: Context) => openFollower(model!, options, run)

/** Boxes are followed in pixels of the pictures, which may be smaller than the clip's. */
const scaled = ([x, y, w, h]: Box, [scaleX, scaleY]: readonly [number, number]): Box => [
  x * scaleX,
  y * scaleY,
  w * scaleX,
  h * scaleY
]
const perClipPixel = ({ clip: { video }, pictures }: Context) =>
  [pictures.width / video.width, pictures.height / video.height] as const
const perPicturePixel = (context: Context) => perClipPixel(context).map(v => 1 / v) as [number, number]

const begin = async (context: Context, frame: Frame): Promise<unknown[]> => {
  const picture = await frame.picture()
  const { start } = follower(context)
  return Promise.all(context.options.box.map(box => start(picture, scaled(box, perClipPixel(context)))))
}

/** All targets a frame further; while one's crop is in the network, the next one's is made. */
const goOn = async (context: Context, targets: unknown[], frame: Frame) => {
  const picture = await frame.picture()
  const { step } = follower(context)
  const next = await Promise.all(targets.map(state => step(state, picture)))
  const found = next.map(({ box, score }, i) => ({
    id: i + 1,
    box: scaled(box as Box, perPicturePixel(context)),
    score,
    lost: score < context.options.lostBelow
  }))
  return { targets: next.map(({ state }) => state), row: { frame: frame.index, targets: found } }
}

/** The boxes as they were given. */
const given = ({ options }: Context, { index }: Frame): TargetRow => ({
  frame: index,
  targets: options.box.map((box, i) => ({ id: i + 1, box, score: 1, lost: false, given: true }))
})

/** Whether the frame lies before the start, which is the frame of that number, or the first at or behind that time. */
const isBefore = ({ options: { start }, clip: { video } }: Context, { index, pts }: Frame) => {
  const time = startSeconds(start)
  return time === undefined ? index < Number(start) : index < video.frames - 1 && earlier(pts, time, video)
}

/**
 * Whether the boxes are given for this frame, which is the one behind `seen`.
 * @throws Fault start-frame-missing where it cannot be had any more
 */
const isStart = (context: Context, frame: Frame, seen = -1) => {
  if (isBefore(context, frame)) return false
  const { start } = context.options
  if (typeof start === 'number' ? frame.index === start : frame.index === seen + 1) return true
  throw new Fault('start-frame-missing', { start: String(start), next: frame.index })
}

/** A microsecond is less than any time stamp's step, and more than what decimals lose. */
const earlier = (pts: number, time: number, { start, timeBase }: Context['clip']['video']) =>
  seconds(pts - start, timeBase) < time - 1e-6

const stage = {
  kind: 'fold',
  row: targetRow,
  model: ({ model }: Options) => model
} as const

/** Follows the targets from the start to the clip's end. */
export const forward: FoldStage<Options> = {
  ...stage,
  name: 'forward',
  start: (): State => ({}),

  async step(context, state, frame) {
    const { targets, seen } = state as State
    // Only backward is asked for: behind the start nobody looks.
    if (targets?.length === 0) return { state, row: { frame: frame.index, targets: [] } }
    if (targets) {
      const next = await goOn(context, targets, frame)
      return { state: { targets: next.targets }, row: next.row }
    }
    if (!isStart(context, frame, seen))
      return { state: { seen: frame.index }, row: { frame: frame.index, targets: [] } }
    const begun = context.options.direction === 'backward' ? [] : await begin(context, frame)
    return { state: { targets: begun }, row: given(context, frame) }
  }
}

/** Follows the targets from the start to the clip's beginning; behind the start all is as `forward` left it. */
export const backward: FoldStage<Options> = {
  ...stage,
  name: 'backward',
  backward: true,
  // Before the first frame there is nothing.
  idle: ({ start }) => start === 0 || startSeconds(start) === 0,
  start: (): State => ({}),

  async step(context, state, frame) {
    const { targets, seen } = state as State
    const row = frame.rows.forward as TargetRow
    if (targets) {
      const next = await goOn(context, targets, frame)
      return { state: { targets: next.targets }, row: next.row }
    }
    // The last frame that there is: behind it `forward` found no start either.
    if (seen === undefined && isBefore(context, frame))
      throw new Fault('start-frame-missing', { start: String(context.options.start) })
    const begins = row.targets.some(target => target.given) && context.options.direction !== 'forward'
    if (!begins) return { state: { seen: frame.index }, row }
    return { state: { targets: await begin(context, frame) }, row }
  }
}
