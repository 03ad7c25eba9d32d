import type { Tlwh } from '../../models/box.ts'
import { areas, mean, type Sequence } from './sequence.ts'

const overlaps = Array.from({ length: 101 }, (_, i) => i / 100)

const clip = (value: number, limit: number) => Math.max(0, Math.min(value, limit))

/** The corner is moved into the picture before the size is cut, so what sticks out on the left keeps its width. */
const clipped = ([x, y, w, h]: Tlwh, size: Sequence['size']): Tlwh => {
  if (!size) return [x, y, w, h]
  const [left, top] = [clip(x, size.width), clip(y, size.height)]
  return [left, top, clip(w, size.width - left), clip(h, size.height - top)]
}

/** IoUs of one sequence: of all frames but the first and those of which nothing is to be seen. */
export const iousOf = ({ boxes, results, cover, size }: Sequence) =>
  boxes.flatMap((truth, i) => {
    if (i === 0 || cover[i] === 0) return []
    const { common, union } = areas(clipped(truth, size), clipped(results[i], size))
    return [clip(common / (union + Number.EPSILON), 1)]
  })

/** GOT-10k's toolkit (got-10k/toolkit, 956e728): frames of all sequences together, fractions. */
export const got10k = (sequences: Sequence[]) => {
  const ious = sequences.flatMap(iousOf)
  const above = (t: number) => ious.filter(iou => iou > t).length / ious.length
  return { ao: mean(ious), sr50: above(0.5), sr75: above(0.75), success_curve: overlaps.map(above) }
}
