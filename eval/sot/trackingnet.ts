import { rint } from '../../models/round.ts'
import type { Tlwh } from '../../models/box.ts'
import { distances, iou, meanCurve, thresholds, type Sequence } from './sequence.ts'

const overlaps = thresholds(21, 0.05)
const pixels = thresholds(21, 2.5)
const sizes = thresholds(21, 0.025)

const rounded = (box: Tlwh): Tlwh => [rint(box[0]), rint(box[1]), rint(box[2]), rint(box[3])]

/** Boxes are rounded; truth without a size never hits, since it gives no number. */
const curvesOf = ({ boxes, results }: Sequence) => {
  const frames = boxes.map((box, i) => {
    const truth = rounded(box)
    const result = i === 0 ? truth : rounded(results[i])
    return { overlap: iou(truth, result), ...distances(truth, result) }
  })
  const share = (hits: number) => hits / frames.length
  return {
    success: overlaps.map(t => share(frames.filter(frame => frame.overlap >= t).length)),
    precision: pixels.map(t => share(frames.filter(frame => frame.pixels <= t).length)),
    normalised: sizes.map(t => share(frames.filter(frame => frame.normalised <= t).length))
  }
}

/** Area under 21 points that are 0.05 apart, per cent. */
const area = (curve: number[]) =>
  curve.slice(1).reduce((total, v, i) => total + (0.05 * (v + curve[i])) / 2, 0) * 100

/** TrackingNet's devkit (SilvioGiancola/TrackingNet-devkit, 79783f2): per cent, curves as fractions. */
export const trackingnet = (sequences: Sequence[]) => {
  const all = sequences.map(curvesOf)
  const curves = {
    success: meanCurve(all.map(({ success }) => success)),
    precision: meanCurve(all.map(({ precision }) => precision)),
    norm_precision: meanCurve(all.map(({ normalised }) => normalised))
  }
  return {
    success: area(curves.success),
    precision: area(curves.precision),
    norm_precision: area(curves.norm_precision),
    precision_at_20px: curves.precision[8] * 100,
    curves
  }
}
