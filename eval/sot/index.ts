/** The official metrics of following one thing that a box names, under the names of each tool. */
import { got10k } from './got10k.ts'
import { lasot } from './lasot.ts'
import { pytracking } from './pytracking.ts'
import type { Sequence } from './sequence.ts'
import { trackingnet } from './trackingnet.ts'

/** All figures of one sequence, or of several together. */
export type SotScores = ReturnType<typeof evaluateSot>

export const evaluateSot = (sequences: Sequence[]) => ({
  pytracking: pytracking(sequences),
  lasot: lasot(sequences),
  got10k: got10k(sequences),
  trackingnet: trackingnet(sequences)
})
