/**
 * The official metrics of multi-object tracking, as JonathonLuiten/TrackEval (12c8791) computes them for MOTChallenge:
 * HOTA, CLEAR and Identity, under its names of fields.
 */
import { clear, combineClear } from './clear.ts'
import { combineHota, hota } from './hota.ts'
import { combineIdentity, identity } from './identity.ts'
import { sum, type Sequence } from './sequence.ts'

/** All fields of one sequence, or of several together; fractions, not per cent. */
export type Scores = ReturnType<typeof evaluate>

export const evaluate = (sequence: Sequence) => ({
  HOTA: hota(sequence),
  CLEAR: clear(sequence),
  Identity: identity(sequence),
  Count: {
    Dets: sum(sequence.resultBoxes),
    GT_Dets: sum(sequence.truthBoxes),
    IDs: sequence.resultBoxes.length,
    GT_IDs: sequence.truthBoxes.length,
    Frames: sequence.frames.length
  }
})

/** Several sequences as one: counts are added up before rates are taken. */
export const combine = (all: Scores[]): Scores => {
  const total = (field: keyof Scores['Count']) => sum(all.map(({ Count }) => Count[field]))
  return {
    HOTA: combineHota(all.map(({ HOTA }) => HOTA)),
    CLEAR: combineClear(all.map(({ CLEAR }) => CLEAR)),
    Identity: combineIdentity(all.map(({ Identity }) => Identity)),
    Count: {
      Dets: total('Dets'),
      GT_Dets: total('GT_Dets'),
      IDs: total('IDs'),
      GT_IDs: total('GT_IDs'),
      Frames: total('Frames')
    }
  }
}
