import type { Tlwh } from '../../models/box.ts'
import { eps } from './sequence.ts'

/** IoU of every truth with every result, [T, R], in float64, without "+1"; 0 where an area or the union is none. */
export const similarities = (truths: readonly Tlwh[], results: readonly Tlwh[]): Float64Array => {
  const [rows, columns] = [truths.map(corners), results.map(corners)]
  const similarity = new Float64Array(rows.length * columns.length)
  for (const [i, a] of rows.entries())
    for (const [j, b] of columns.entries()) similarity[i * columns.length + j] = iou(a, b)
  return similarity
}

const corners = ([x, y, w, h]: Tlwh) => {
  const [x2, y2] = [x + w, y + h]
  return { x1: x, y1: y, x2, y2, area: (x2 - x) * (y2 - y) }
}
type Corners = ReturnType<typeof corners>

const iou = (a: Corners, b: Corners) => {
  if (a.area <= eps || b.area <= eps) return 0
  const w = Math.max(Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1), 0)
  const h = Math.max(Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1), 0)
  const union = a.area + b.area - w * h
  return union <= eps ? 0 : (w * h) / union
}
