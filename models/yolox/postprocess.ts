/** What YOLOX found, in float32 values. */
export interface Detection {
  /** x1, y1, x2, y2; not clipped to the picture. */
  box: [number, number, number, number]
  objectness: number
  /** Probability of `class`, given that there is an object. */
  classConfidence: number
  class: number
  /** objectness * classConfidence. */
  score: number
}

interface PostprocessOptions {
  /** Smallest score. */
  conf: number
  /** IoU above which the lower of two boxes is suppressed; 0 to 1. */
  nms: number
  /** Network pixels per source pixel (see `letterboxer`): boxes are divided by it; 1 leaves them in network pixels. */
  ratio?: number
  /** Only these class indices. */
  only?: readonly number[]
  /** Suppress across classes too. */
  classAgnostic?: boolean
}

const f32 = Math.fround

/**
 * `decoded`: [anchors, 5 + classes] with rows cx, cy, w, h, objectness, class probabilities. Gives detections by
 * descending score, equal scores in the order of the anchors, with float32 arithmetic as in the authors' code. Rows
 * without a finite score or box (the exponential in w and h may overflow) give none.
 */
export const postprocess = (
  decoded: Float32Array,
  classes: number,
  { conf, nms, ratio = 1, only, classAgnostic = false }: PostprocessOptions
): Detection[] => {
  const width = 5 + classes
  const least = f32(conf)
  const candidates: Detection[] = []
  for (let row = 0; row < decoded.length; row += width) {
    const objectness = decoded[row + 4]
    // Class probabilities are at most 1. Written so that NaN falls out too.
    if (!(objectness >= least)) continue
    let best = row + 5
    for (let c = best + 1; c < row + width; c++) if (decoded[c] > decoded[best]) best = c
    const classConfidence = decoded[best]
    const score = f32(objectness * classConfidence)
    const found = best - row - 5
    if (!(score >= least) || (only && !only.includes(found))) continue
    const [cx, cy] = [decoded[row], decoded[row + 1]]
    const [w, h] = [decoded[row + 2] / 2, decoded[row + 3] / 2]
    const box: Detection['box'] = [f32(cx - w), f32(cy - h), f32(cx + w), f32(cy + h)]
    if (!Number.isFinite(area(divided(box, f32(ratio))))) continue
    candidates.push({ box, objectness, classConfidence, class: found, score })
  }
  return suppress(candidates, nms, classAgnostic).map(d => ({ ...d, box: divided(d.box, f32(ratio)) }))
}

const divided = ([x1, y1, x2, y2]: Detection['box'], r: number): Detection['box'] => [
  f32(x1 / r),
  f32(y1 / r),
  f32(x2 / r),
  f32(y2 / r)
]

/** The grid of `suppress`: cells of 32 pixels, 128 a side; what lies outside counts to the outermost ones. */
const side = 128
const cell = (v: number) => Math.min(Math.max(Math.floor(v / 32), 0), side - 1)

/**
 * Greedy non-maximum suppression, by descending score (stable). Kept boxes stand in a grid by their top left corners:
 * one that beats a candidate of length w on an axis is shorter than w / nms, so it begins less than that before the
 * candidate, and before its end. (One pixel more is looked at, since all is rounded.)
 */
const suppress = (candidates: Detection[], nms: number, classAgnostic: boolean) => {
  const kept: Detection[] = []
  const grid = new Array<Detection[] | undefined>(side * side)
  const beats = (rival: Detection, candidate: Detection) =>
    (classAgnostic || rival.class === candidate.class) && iou(rival.box, candidate.box) > nms
  const isBeaten = (candidate: Detection) => {
    const [x1, y1, x2, y2] = candidate.box
    const [left, right] = [cell(x1 - (x2 - x1 + 1) / nms), cell(x2 + 1)]
    const [top, bottom] = [cell(y1 - (y2 - y1 + 1) / nms), cell(y2 + 1)]
    for (let row = top; row <= bottom; row++)
      for (let at = row * side + left; at <= row * side + right; at++)
        if (grid[at]?.some(rival => beats(rival, candidate))) return true
    return false
  }
  for (const candidate of candidates.sort((a, b) => b.score - a.score)) {
    if (isBeaten(candidate)) continue
    kept.push(candidate)
    ;(grid[cell(candidate.box[1]) * side + cell(candidate.box[0])] ??= []).push(candidate)
  }
  return kept
}

const area = ([x1, y1, x2, y2]: Detection['box']) => f32(f32(x2 - x1) * f32(y2 - y1))

const iou = (a: Detection['box'], b: Detection['box']) => {
  const w = f32(Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const h = f32(Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  if (!(w > 0 && h > 0)) return 0
  const both = f32(w * h)
  return f32(both / f32(f32(area(a) + area(b)) - both))
}
