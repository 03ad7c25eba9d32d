import { bestPairs } from './pairs.ts'
import { eps, sum, type Sequence } from './sequence.ts'

/** The thresholds on localisation: 0.05, 0.10 … 0.95. */
export const alphas = Array.from({ length: 19 }, (_, a) => 0.05 + a * 0.05)
const each = (value: (a: number) => number) => alphas.map((_, a) => value(a))

/** The official fields, each a list over the 19 thresholds; those with (0) are values at the first of them. */
export type Hota = ReturnType<typeof complete>

/** Higher Order Tracking Accuracy (doi 10.1007/s11263-020-01375-2) of one sequence. */
export const hota = ({ frames, truthBoxes, resultBoxes }: Sequence): Hota => {
  const columns = resultBoxes.length
  // How far g and r overlap over all frames, M[g, r]; like the counts below, by g * R + r, and only where not 0.
  const overlap = new Map<number, number>()
  for (const { truths, results, similarity } of frames) {
    const [T, R] = [truths.length, results.length]
    const [ofTruth, ofResult] = [new Float64Array(T), new Float64Array(R)]
    for (let i = 0; i < T; i++)
      for (let j = 0; j < R; j++) {
        ofTruth[i] += similarity[i * R + j]
        ofResult[j] += similarity[i * R + j]
      }
    for (let i = 0; i < T; i++)
      for (let j = 0; j < R; j++) {
        const s = similarity[i * R + j]
        const union = ofResult[j] + ofTruth[i] - s
        if (s === 0 || union <= eps) continue
        const pair = truths[i] * columns + results[j]
        overlap.set(pair, (overlap.get(pair) ?? 0) + s / union)
      }
  }
  const alignment = (g: number, r: number) => {
    const m = overlap.get(g * columns + r) ?? 0
    return m / (truthBoxes[g] + resultBoxes[r] - m)
  }

  const HOTA_TP = each(() => 0)
  const HOTA_FN = each(() => 0)
  const HOTA_FP = each(() => 0)
  const located = each(() => 0)
  /** C[g, r] for each threshold. */
  const matched = new Map<number, number[]>()
  for (const { truths, results, similarity } of frames) {
    const [T, R] = [truths.length, results.length]
    const score = similarity.map((s, at) =>
      s === 0 ? 0 : alignment(truths[Math.floor(at / R)], results[at % R]) * s
    )
    const pairs = bestPairs(score, T, R)
    for (const [a, alpha] of alphas.entries()) {
      const close = pairs.filter(([i, j]) => similarity[i * R + j] >= alpha - eps)
      HOTA_TP[a] += close.length
      HOTA_FN[a] += T - close.length
      HOTA_FP[a] += R - close.length
      located[a] += sum(close.map(([i, j]) => similarity[i * R + j]))
      for (const [i, j] of close) {
        const pair = truths[i] * columns + results[j]
        const counts = matched.get(pair) ?? each(() => 0)
        counts[a]++
        matched.set(pair, counts)
      }
    }
  }

  /** Mean over all true positives of C / `all` of their pair of ids. */
  const association = (all: (g: number, r: number, count: number) => number) => {
    const totals = each(() => 0)
    for (const [pair, counts] of matched) {
      const [g, r] = [Math.floor(pair / columns), pair % columns]
      for (const [a, count] of counts.entries()) totals[a] += (count * count) / Math.max(1, all(g, r, count))
    }
    return each(a => totals[a] / Math.max(1, HOTA_TP[a]))
  }
  return complete({
    HOTA_TP,
    HOTA_FN,
    HOTA_FP,
    AssA: association((g, r, count) => truthBoxes[g] + resultBoxes[r] - count),
    AssRe: association(g => truthBoxes[g]),
    AssPr: association((_, r) => resultBoxes[r]),
    LocA: each(a => Math.max(1e-10, located[a]) / Math.max(1e-10, HOTA_TP[a]))
  })
}

/** HOTA over several sequences: associations and places count by true positives; never a mean of HOTAs. */
export const combineHota = (all: Hota[]): Hota => {
  const total = (field: 'HOTA_TP' | 'HOTA_FN' | 'HOTA_FP') => each(a => sum(all.map(one => one[field][a])))
  const HOTA_TP = total('HOTA_TP')
  const weighted = (field: 'AssA' | 'AssRe' | 'AssPr' | 'LocA') =>
    each(a => sum(all.map(one => one[field][a] * one.HOTA_TP[a])))
  const mean = (field: 'AssA' | 'AssRe' | 'AssPr') =>
    weighted(field).map((value, a) => value / Math.max(1, HOTA_TP[a]))
  return complete({
    HOTA_TP,
    HOTA_FN: total('HOTA_FN'),
    HOTA_FP: total('HOTA_FP'),
    AssA: mean('AssA'),
    AssRe: mean('AssRe'),
    AssPr: mean('AssPr'),
    LocA: weighted('LocA').map((value, a) => Math.max(1e-10, value) / Math.max(1e-10, HOTA_TP[a]))
  })
}

interface Parts {
  HOTA_TP: number[]
  HOTA_FN: number[]
  HOTA_FP: number[]
  AssA: number[]
  AssRe: number[]
  AssPr: number[]
  LocA: number[]
}

const complete = (parts: Parts) => {
  const { HOTA_TP: tp, HOTA_FN: fn, HOTA_FP: fp, AssA, LocA } = parts
  const DetRe = each(a => tp[a] / Math.max(1, tp[a] + fn[a]))
  const DetA = each(a => tp[a] / Math.max(1, tp[a] + fn[a] + fp[a]))
  const HOTA = each(a => Math.sqrt(DetA[a] * AssA[a]))
  return {
    HOTA,
    DetA,
    DetRe,
    DetPr: each(a => tp[a] / Math.max(1, tp[a] + fp[a])),
    OWTA: each(a => Math.sqrt(DetRe[a] * AssA[a])),
    ...parts,
    'HOTA(0)': HOTA[0],
    'LocA(0)': LocA[0],
    'HOTALocA(0)': HOTA[0] * LocA[0]
  }
}
