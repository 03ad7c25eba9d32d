import type { GoldenForm } from '../golden/index.ts'
import { mixsortSteps } from '../mixsort/golden/index.ts'
import { yoloxPhotos, yoloxSteps } from '../yolox/golden-steps.ts'
import { yoloxGolden } from '../yolox/golden.ts'

/** Every form of golden file that we can compare with. */
export const goldenForms: GoldenForm[] = [yoloxGolden, yoloxSteps, yoloxPhotos(), ...mixsortSteps]
