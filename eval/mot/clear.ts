import { bestPairs } from './pairs.ts'
import { eps, sum, type Sequence } from './sequence.ts'

/** IoU from which a result can be a match. */
const threshold = 0.5
/** Weight of going on with the match of the frame before: above any sum of IoUs. */
const goingOn = 1000
const nobody = -1

const counted = [
  'CLR_TP',
  'CLR_FN',
  'CLR_FP',
  'IDSW',
  'MT',
  'PT',
  'ML',
  'Frag',
  'CLR_Frames',
  'MOTP_sum'
] as const
type Counts = Record<(typeof counted)[number], number>

/** The official fields. MOTP is a similarity: higher is better. */
export type Clear = ReturnType<typeof complete>

/** CLEAR MOT (doi 10.1155/2008/246309) of one sequence. */
export const clear = ({ frames, truthBoxes, resultBoxes }: Sequence): Clear => {
  const ids = truthBoxes.length
  const counts = Object.fromEntries(counted.map(name => [name, 0])) as Counts
  if (resultBoxes.length === 0 || ids === 0) {
    // The official tool leaves rates and the number of frames at 0 here.
    const none = Object.fromEntries(Object.keys(complete(counts)).map(name => [name, 0])) as Clear
    return { ...none, CLR_FN: sum(truthBoxes), CLR_FP: sum(resultBoxes), ML: ids, MLR: 1 }
  }

  /** By truth id: the result it was ever last matched with, and that of the last frame with boxes on both sides. */
  const last = new Int32Array(ids).fill(nobody)
  let previous = new Int32Array(ids).fill(nobody)
  const hits = new Float64Array(ids)
  const beginnings = new Float64Array(ids)
  for (const { truths, results, similarity } of frames) {
    const [T, R] = [truths.length, results.length]
    if (T === 0 || R === 0) {
      counts.CLR_FN += T
      counts.CLR_FP += R
      continue
    }
    const score = similarity.map((s, at) =>
      s < threshold - eps ? 0 : s + (results[at % R] === previous[truths[Math.floor(at / R)]] ? goingOn : 0)
    )
    const pairs = bestPairs(score, T, R).filter(([i, j]) => score[i * R + j] > eps)
    const current = new Int32Array(ids).fill(nobody)
    for (const [i, j] of pairs) {
      const [g, r] = [truths[i], results[j]]
      if (last[g] !== nobody && last[g] !== r) counts.IDSW++
      if (previous[g] === nobody) beginnings[g]++
      hits[g]++
      last[g] = current[g] = r
    }
    previous = current
    counts.CLR_TP += pairs.length
    counts.CLR_FN += T - pairs.length
    counts.CLR_FP += R - pairs.length
    counts.MOTP_sum += sum(pairs.map(([i, j]) => similarity[i * R + j]))
  }

  const shares = Array.from(hits, (hit, g) => hit / truthBoxes[g])
  counts.MT = shares.filter(share => share > 0.8).length
  counts.PT = shares.filter(share => share >= 0.2).length - counts.MT
  counts.ML = ids - counts.MT - counts.PT
  counts.Frag = sum(beginnings.filter(n => n > 0).map(n => n - 1))
  counts.CLR_Frames = frames.length
  return complete(counts)
}

export const combineClear = (all: Clear[]): Clear =>
  complete(Object.fromEntries(counted.map(name => [name, sum(all.map(one => one[name]))])) as Counts)

const complete = (counts: Counts) => {
  const { CLR_TP: tp, CLR_FN: fn, CLR_FP: fp, IDSW, MT, PT, ML, CLR_Frames, MOTP_sum } = counts
  const truths = Math.max(1, tp + fn)
  const ids = Math.max(1, MT + PT + ML)
  return {
    MOTA: (tp - fp - IDSW) / truths,
    MOTP: MOTP_sum / Math.max(1, tp),
    MODA: (tp - fp) / truths,
    CLR_Re: tp / truths,
    CLR_Pr: tp / Math.max(1, tp + fp),
    MTR: MT / ids,
    PTR: PT / ids,
    MLR: ML / ids,
    sMOTA: (MOTP_sum - fp - IDSW) / truths,
    CLR_F1: tp / Math.max(1, tp + 0.5 * fn + 0.5 * fp),
    FP_per_frame: fp / Math.max(1, CLR_Frames),
    MOTAL: (tp - fp - (IDSW > 0 ? Math.log10(IDSW) : 0)) / truths,
    ...counts
  }
}
