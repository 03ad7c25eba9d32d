/** MixFormerV2 as a whole: its tracker, and the two graphs that it runs. */
import type { TensorData } from '../graph/index.ts'
import type { Tlwh } from '../box.ts'
import { type RunGraph, copied } from '../graph/run.ts'
import { cropInput, type Follower } from '../sot/follower.ts'
import { tokensOf, width } from './backbone.ts'
import { advance, start, templateFactor, type TrackerOptions, type TrackerState } from './tracker.ts'
import type { MixFormerScale } from './variants.ts'

interface State {
  tracker: TrackerState<TensorData>
  /** What the search takes from the templates in use. */
  memory: TensorData
}

/** Bytes of a state: three crops for templates, and the memory of two in float32. */
export const mixFormerStateBytes = ({ template, depth }: Pick<MixFormerScale, 'template' | 'depth'>) =>
  4 * (3 * 3 * template ** 2 + depth * 2 * 2 * tokensOf(template) * width)

/**
 * @param scale of a variant that has a score head
 * @param crop makes the networks' inputs
 */
export const mixFormerFollower = (
  scale: Pick<MixFormerScale, 'template' | 'search'>,
  options: TrackerOptions,
  run: RunGraph,
  crop = cropInput
): Follower<State> => {
  const remember = async ({ first, online }: TrackerState<TensorData>) =>
    (await run({ template: copied(first), online_template: copied(online) }, 'template')).memory

  return {
    async start(picture, box) {
      const tracker = start<TensorData>(box, crop(picture, box, templateFactor, scale.template))
      return { tracker, memory: await remember(tracker) }
    },
    async step({ tracker, memory }, picture) {
      const search = crop(picture, tracker.box, options.searchFactor, scale.search)
      const { pred_boxes, score_sigmoid } = await run({ search, memory: copied(memory) }, 'search')
      const box = [...(pred_boxes.data as Float32Array)] as unknown as Tlwh
      const [score] = score_sigmoid.data as Float32Array
      const next = advance(tracker, { box, score }, picture, { ...options, search: scale.search }, found =>
        crop(picture, found, templateFactor, scale.template)
      )
      const state = {
        tracker: next,
        memory: next.online === tracker.online ? memory : await remember(next)
      }
      return { state, box: next.box, score }
    }
  }
}
