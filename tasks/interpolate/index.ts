import { defineTask } from '../define.ts'
import { madeOutputs } from '../made.ts'
import { make } from './make.ts'
import { slowness } from './slowness.ts'
import { checkOptions, completeOptions, options, type Options } from './options.ts'

export const interpolate = defineTask<Options>({
  name: 'interpolate',
  summary: 'more frames: DQBC makes those between two, for slow motion or a higher rate',
  systems: ['dqbc'],
  models: ['dqbc'],
  options,
  complete: completeOptions,
  pictures: () => ({ format: 'png', longSide: 8192 }),
  check: checkOptions,
  slowness,
  stages: [make],
  outputs: () => madeOutputs('interpolated.json'),
  overlay: () => undefined
})
