import { dqbcSteps } from '../dqbc/golden-steps.ts'
import { dqbcPairs, dqbcParameters } from '../dqbc/golden.ts'
import type { GoldenForm } from '../golden/index.ts'
import { maxsrGeometry, maxsrGolden } from '../maxsr/golden.ts'
import { mixFormerTracker } from '../mixformerv2/golden-tracker.ts'
import { mixFormerGolden } from '../mixformerv2/golden.ts'
import { mixsortSteps } from '../mixsort/golden/index.ts'
import { romtrackTracker } from '../romtrack/golden-tracker.ts'
import { romtrackGolden } from '../romtrack/golden.ts'
import { sotCropSteps } from '../sot/golden.ts'
import { yoloxPhotos, yoloxSteps } from '../yolox/golden-steps.ts'
import { yoloxGolden } from '../yolox/golden.ts'

/** Every form of golden file that we can compare with. */
export const goldenForms: GoldenForm[] = [
  yoloxGolden,
  yoloxSteps,
  yoloxPhotos(),
  ...mixsortSteps,
  sotCropSteps,
  mixFormerGolden,
  mixFormerTracker,
  romtrackGolden,
  romtrackTracker,
  maxsrGolden,
  maxsrGeometry,
  dqbcPairs,
  dqbcParameters,
  dqbcSteps
]
