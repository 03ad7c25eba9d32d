/** ROMTrack as a whole: its tracker, and the two graphs that it runs. */
import { cropInput, type Follower } from '../sot/follower.ts'
import { type RunGraph, copied } from '../graph/run.ts'
import { sizesOf } from './network.ts'
import { advance, start, type RomtrackState } from './track.ts'
import type { RomtrackScale } from './variants.ts'

/** Side of the template's crop: the square root of the box's area times this. */
const templateFactor = 2

/** Bytes of a state: the template's tokens, and keys and values of two templates in all blocks, in float32. */
export const romtrackStateBytes = (scale: RomtrackScale) => {
  const { c, templateTokens, depth } = sizesOf(scale)
  return 4 * templateTokens * c * (2 * 2 * depth + 1)
}

export const romtrackFollower = (
  scale: Pick<RomtrackScale, 'template' | 'search'>,
  searchFactor: number,
  run: RunGraph
): Follower<RomtrackState> => ({
  async start(picture, box) {
    const template = cropInput(picture, box, templateFactor, scale.template)
    const { template_tokens, inherent } = await run({ template }, 'template')
    return start(box, template_tokens, inherent)
  },
  async step(state, picture) {
    const outputs = await run(
      {
        search: cropInput(picture, state.box, searchFactor, scale.search),
        template_tokens: copied(state.templateTokens),
        inherent: copied(state.inherent),
        variation: copied(state.variation)
      },
      'frame'
    )
    const data = (name: string) => outputs[name].data as Float32Array
    const maps = { score: data('score'), offset: data('offset'), size: data('size') }
    const crop = { search: scale.search, factor: searchFactor }
    const next = advance(state, maps, outputs.next_variation, picture, crop)
    return { state: next.state, box: next.state.box, score: next.score }
  }
})
