import { bestPairs } from './pairs.ts'
import { sum, type Sequence } from './sequence.ts'

/** IoU from which a result can be the truth's; no slack here. */
const threshold = 0.5

/** The official fields. */
export type Identity = ReturnType<typeof complete>

/**
 * Identity metrics (doi 10.1007/978-3-319-48881-3_2) of one sequence: each truth id gets at most one result id for the
 * whole sequence. The least cost of the bipartite graph with its dummies is the most frames P in common; ids that have
 * none with anybody are left out.
 */
export const identity = ({ frames, truthBoxes, resultBoxes }: Sequence): Identity => {
  const all = resultBoxes.length
  /** P[g, r] by g * R + r, where not 0. */
  const common = new Map<number, number>()
  for (const { truths, results, similarity } of frames)
    for (const [at, s] of similarity.entries()) {
      if (s < threshold) continue
      const pair = truths[Math.floor(at / results.length)] * all + results[at % results.length]
      common.set(pair, (common.get(pair) ?? 0) + 1)
    }

  const rows = positions([...common.keys()].map(pair => Math.floor(pair / all)))
  const columns = positions([...common.keys()].map(pair => pair % all))
  const score = new Float64Array(rows.size * columns.size)
  for (const [pair, count] of common)
    score[rows.get(Math.floor(pair / all))! * columns.size + columns.get(pair % all)!] = count
  const IDTP = sum(bestPairs(score, rows.size, columns.size).map(([i, j]) => score[i * columns.size + j]))
  return complete(IDTP, sum(truthBoxes) - IDTP, sum(resultBoxes) - IDTP)
}

const positions = (ids: number[]) => new Map([...new Set(ids)].map((id, i) => [id, i]))

export const combineIdentity = (all: Identity[]): Identity =>
  complete(
    sum(all.map(({ IDTP }) => IDTP)),
    sum(all.map(({ IDFN }) => IDFN)),
    sum(all.map(({ IDFP }) => IDFP))
  )

const complete = (IDTP: number, IDFN: number, IDFP: number) => ({
  IDF1: IDTP / Math.max(1, IDTP + 0.5 * IDFP + 0.5 * IDFN),
  IDR: IDTP / Math.max(1, IDTP + IDFN),
  IDP: IDTP / Math.max(1, IDTP + IDFP),
  IDTP,
  IDFN,
  IDFP
})
