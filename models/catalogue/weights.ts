import type { Licence } from '../../events/model.ts'
import type { Precision } from '../graph/index.ts'
import type { Fits } from './systems.ts'

/** How the file of weights comes to a machine. */
export type WeightsFile =
  /** Lies in the package. */
  | { kind: 'package'; path: string; sha256: string }
  /** Is published at an address. Without `sha256` nobody states one that could be checked. */
  | { kind: 'published'; address: string; sha256?: string; bytes?: number }
  /** Has no address that a program could fetch: `how` says what a person does. */
  | { kind: 'by-hand'; name: string; how: string; sha256?: string; bytes?: number }
  /** A user's own, imported. */
  | { kind: 'own'; sha256: string }

/** One set of trained parameters, and all that belongs to it and not to the network. */
export type Weights = Fits & {
  name: string
  summary: string
  file: WeightsFile
  /** Where they are from, for people. */
  source: string
  licence: Licence
  /** How a model that is built of them stores them; the file itself is as it is. @default float32 */
  precision?: Precision
  /** What of them was compared with the authors' code, and what not. */
  verified: string
}
