import { Fault } from '../../events/faults.ts'
import { bestPairs } from './pairs.ts'
import { eps, type Row, type Rows, type Sequence } from './sequence.ts'
import { similarities } from './similarity.ts'

/** How truth is to be read. */
export interface Protocol {
  /** MOT15 has no classes, MOT20 has one more that distracts; all others are alike. */
  benchmark: string
  /** Whether classes count where there are any. */
  preprocess: boolean
}

/** Truth of MOT15 has ten columns, the last three of which are coordinates in the scene; all others have nine. */
export const benchmarkOf = (truths: Rows[]) =>
  truths.every(({ columns }) => columns >= 10) ? 'MOT15' : 'MOT17'

/** 1 pedestrian, 2 person on vehicle, 6 non-mot vehicle, 7 static person, 8 distractor, 12 reflection … 13 crowd. */
const pedestrian = 1
const lastClass = 13
const distractors = [2, 7, 8, 12]

/**
 * What is to be measured of a sequence: results on truth of a distractor class go, then all truth but marked
 * pedestrians; ids are counted anew, in ascending order.
 * @param truth, results as many frames each
 * @throws Fault track-rows-invalid for a class that is none, in a frame that has results
 */
export const preprocess = (truth: Rows, results: Rows, protocol: Protocol): Sequence => {
  const classes = protocol.preprocess && protocol.benchmark !== 'MOT15'
  const unwanted = protocol.benchmark === 'MOT20' ? [...distractors, 6] : distractors
  const counts = ({ mark, class: number }: Row) => mark !== 0 && (!classes || number === pedestrian)

  const kept = truth.frames.map((truths, i) => {
    const found = results.frames[i]
    return {
      truths: truths.filter(counts),
      results: classes ? withoutDistractors(truth.file, truths, found, unwanted) : found
    }
  })
  const truthIds = renumber(kept.map(frame => frame.truths))
  const resultIds = renumber(kept.map(frame => frame.results))
  const frames = kept.map(({ truths, results }) => ({
    truths: Int32Array.from(truths, ({ id }) => truthIds.get(id)!),
    results: Int32Array.from(results, ({ id }) => resultIds.get(id)!),
    similarity: similarities(
      truths.map(({ box }) => box),
      results.map(({ box }) => box)
    )
  }))
  const truthBoxes = new Float64Array(truthIds.size)
  const resultBoxes = new Float64Array(resultIds.size)
  for (const { truths, results } of frames) {
    for (const g of truths) truthBoxes[g]++
    for (const r of results) resultBoxes[r]++
  }
  return { frames, truthBoxes, resultBoxes }
}

/** Pairs are made with truth of all classes and marks, of IoU 0.5 and more; what a distractor gets is no mistake. */
const withoutDistractors = (file: string, truths: Row[], results: Row[], unwanted: number[]): Row[] => {
  if (truths.length === 0 || results.length === 0) return results
  const odd = truths.find(({ class: number }) => number < pedestrian || number > lastClass)
  if (odd)
    throw new Fault('track-rows-invalid', {
      file,
      line: odd.line,
      problem: `column 8 is ${odd.class}, not a class from ${pedestrian} to ${lastClass}; truth of MOT15 has no classes there (--benchmark MOT15)`
    })
  const score = similarities(
    truths.map(({ box }) => box),
    results.map(({ box }) => box)
  ).map(s => (s < 0.5 - eps ? 0 : s))
  const removed = new Set(
    bestPairs(score, truths.length, results.length)
      .filter(([g, r]) => score[g * results.length + r] > eps && unwanted.includes(truths[g].class))
      .map(([, r]) => r)
  )
  return results.filter((_, r) => !removed.has(r))
}

const renumber = (frames: Row[][]) => {
  const ids = new Set(frames.flatMap(rows => rows.map(({ id }) => id)))
  return new Map([...ids].sort((a, b) => a - b).map((id, i) => [id, i]))
}
