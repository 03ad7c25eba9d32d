import type { GoldenForm } from '../golden/index.ts'
import { yoloxGolden } from '../yolox/golden.ts'

/** Every form of golden file that we can compare with. */
export const goldenForms: GoldenForm[] = [yoloxGolden]
