import { distances, iou, mean, meanCurve, repaired, thresholds, type Sequence } from './sequence.ts'

const overlaps = thresholds(21, 0.05)
const pixels = thresholds(51, 1)
const sizes = Array.from({ length: 51 }, (_, i) => i / 100)

/** What the toolkit counts for truth with a zero in it: a miss in success, and a hit in precision. */
const invalid = { overlap: -1, pixels: -1, normalised: -1 }

/** The three curves of one sequence, as shares of all its frames, also those without the target. */
const curvesOf = (sequence: Sequence) => {
  const results = repaired(sequence)
  const frames = sequence.boxes.flatMap((truth, i) =>
    sequence.absent[i]
      ? []
      : truth.every(v => v > 0)
        ? [{ overlap: iou(truth, results[i]), ...distances(truth, results[i]) }]
        : [invalid]
  )
  const share = (hits: number) => hits / (sequence.boxes.length + Number.EPSILON)
  return {
    success: overlaps.map(t => share(frames.filter(frame => frame.overlap > t).length)),
    precision: pixels.map(t => share(frames.filter(frame => frame.pixels <= t).length)),
    normalised: sizes.map(t => share(frames.filter(frame => frame.normalised <= t).length))
  }
}

/** The toolkit leaves out sequences that never hit anything. */
const meanOfHits = (curves: number[][]) => {
  const hit = curves.filter(curve => curve.some(v => v > Number.EPSILON))
  return meanCurve(hit.length > 0 ? hit : curves)
}

/** LaSOT's own toolkit (HengLan/LaSOT_Evaluation_Toolkit, 95bf38a), fractions. */
export const lasot = (sequences: Sequence[]) => {
  const curves = sequences.map(curvesOf)
  const success_curve = meanOfHits(curves.map(({ success }) => success))
  const precision_curve = meanOfHits(curves.map(({ precision }) => precision))
  const norm_precision_curve = meanOfHits(curves.map(({ normalised }) => normalised))
  return {
    AUC: mean(success_curve),
    precision_at_20: precision_curve[20],
    norm_precision_at_0_20: norm_precision_curve[20],
    success_at_0_5: success_curve[10],
    success_curve,
    precision_curve,
    norm_precision_curve
  }
}
