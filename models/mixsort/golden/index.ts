/** Comparisons with the golden files of MixSort: the steps around its networks, for Byte. */
import type { GoldenForm } from '../../golden/index.ts'
import { clipSteps } from './clip.ts'
import { cropsSteps } from './crops.ts'
import { interpolationSteps } from './interpolation.ts'
import { kalmanSteps } from './kalman.ts'
import { matchingSteps } from './matching.ts'
import { trackersSteps } from './trackers.ts'

/** Kalman filter, matching, whole runs on a drawn and on a real clip, interpolation, crops and similarities. */
export const mixsortSteps: GoldenForm[] = [
  kalmanSteps,
  matchingSteps,
  trackersSteps,
  clipSteps,
  interpolationSteps,
  cropsSteps
]
