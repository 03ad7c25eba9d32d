import type { Licence } from '../../events/model.ts'
import type { Preprocessing } from './preprocess.ts'
import type { YoloxVariantName } from './variants.ts'

/** A catalogue entry for YOLOX. Which pre-processing and scores fit belongs to the weights: a wrong choice is silent. */
export interface YoloxWeights {
  name: string
  system: 'yolox'
  variant: YoloxVariantName
  summary: string
  /** Names of the classes, in the order of the network's outputs. */
  classes: string[]
  /** Pre-processing that they were trained with: see preprocess.ts. */
  preprocessing: Preprocessing
  /** Long side of the input, pixels, at which they do well; a multiple of 32. */
  longSide: number
  /** From which score on a tracker should follow a detection. */
  scores: { follow: number }
  /** Path within the package. */
  file: string
  sha256: string
  source: string
  licence: Licence
}
