import type { Detector } from '../../events/model.ts'
import type { YoloxVariantName } from './variants.ts'

/** What a catalogue entry says of YOLOX weights: which network they fit, and what they were trained with. */
export interface YoloxWeights {
  system: 'yolox'
  variant: YoloxVariantName
  detector: Detector
}
