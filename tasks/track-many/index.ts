import { defineTask } from '../define.ts'
import { associate } from './associate.ts'
import { detect } from './detect.ts'
import { completeOptions, defaultDetector, options, type Options } from './options.ts'
import { outputs } from './outputs.ts'
import { overlay } from './overlay.ts'

export const trackMany = defineTask<Options>({
  name: 'track-many',
  summary:
    'where everybody in the clip goes: YOLOX finds people on each frame, ByteTrack joins them to tracks',
  systems: ['yolox'],
  models: [defaultDetector],
  options,
  complete: completeOptions,
  // An overlay wants to be looked at; the detector itself would do with less.
  pictures: () => ({ format: 'jpeg', longSide: 1920 }),
  stages: [detect, associate],
  outputs: () => outputs,
  overlay: options => (options.overlay ? overlay : undefined)
})
