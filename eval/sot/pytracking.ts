import { distances, iou, mean, meanCurve, repaired, thresholds, type Sequence } from './sequence.ts'

const overlaps = thresholds(21, 0.05)
const pixels = thresholds(51, 1)
const sizes = Array.from({ length: 51 }, (_, i) => i / 100)

const never = { overlap: -1, pixels: Infinity, normalised: Infinity }

/** Frames without the target, or whose truth has no size, never hit. Shares are rounded to float32, as there. */
const curvesOf = (sequence: Sequence) => {
  const results = repaired(sequence)
  const frames = sequence.boxes.map((truth, i) =>
    truth[2] > 0 && truth[3] > 0 && !sequence.absent[i]
      ? { overlap: iou(truth, results[i]), ...distances(truth, results[i]) }
      : never
  )
  const overlaid = frames.filter(({ overlap }) => overlap >= 0)
  const share = (hits: number) => Math.fround(hits / frames.length)
  return {
    overlap: mean(overlaid.map(({ overlap }) => overlap)),
    success: overlaps.map(t => share(frames.filter(frame => frame.overlap > t).length)),
    precision: pixels.map(t => share(frames.filter(frame => frame.pixels <= t).length)),
    normalised: sizes.map(t => share(frames.filter(frame => frame.normalised <= t).length))
  }
}

/** PyTracking's analysis, by which papers on trackers report LaSOT and others; per cent, curves as fractions. */
export const pytracking = (sequences: Sequence[]) => {
  const curves = sequences.map(curvesOf)
  const success_curve = meanCurve(curves.map(({ success }) => success))
  const precision_curve = meanCurve(curves.map(({ precision }) => precision))
  const norm_precision_curve = meanCurve(curves.map(({ normalised }) => normalised))
  return {
    AUC: mean(success_curve) * 100,
    OP50: success_curve[10] * 100,
    OP75: success_curve[15] * 100,
    precision: precision_curve[20] * 100,
    norm_precision: norm_precision_curve[20] * 100,
    /** Mean IoU of the frames that can hit, as a fraction. */
    average_overlap: mean(curves.map(({ overlap }) => overlap)),
    success_curve,
    precision_curve,
    norm_precision_curve
  }
}
