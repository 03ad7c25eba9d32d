import { defineTask } from '../define.ts'
import { backward, forward } from './follow.ts'
import { checkOptions, completeOptions, defaultModels, options, type Options } from './options.ts'
import { outputs } from './outputs.ts'
import { overlay } from './overlay.ts'
import { systemNames } from './systems.ts'

export const track = defineTask<Options>({
  name: 'track',
  summary: 'where something goes that is given by a box: MixFormerV2 or ROMTrack follows it',
  systems: [...systemNames],
  models: [defaultModels.mixformerv2],
  options,
  complete: completeOptions,
  // An overlay wants to be looked at.
  pictures: () => ({ format: 'jpeg', longSide: 1920 }),
  check: checkOptions,
  stages: [forward, backward],
  outputs,
  overlay: ({ overlay: asked }) => (asked ? overlay : undefined)
})
