import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { postprocess, type Detection } from '../../../models/yolox/postprocess.ts'

const f32 = Math.fround

/** cx, cy, w, h, objectness, then class probabilities. */
const decoded = (...rows: number[][]) => Float32Array.from(rows.flat())

const all = { conf: 0.1, nms: 0.5 }

describe('post-processing', () => {
  it('gives corners, scores and classes by descending score, in source pixels', () => {
    const found = postprocess(
      decoded([20, 20, 10, 20, 0.5, 0.5, 0.25], [100, 40, 20, 20, 1, 0.25, 0.75]),
      2,
      { ...all, ratio: 0.5 }
    )
    expect(found).toEqual([
      { box: [180, 60, 220, 100], objectness: 1, classConfidence: 0.75, class: 1, score: 0.75 },
      { box: [30, 20, 50, 60], objectness: 0.5, classConfidence: 0.5, class: 0, score: 0.25 }
    ])
  })

  it('keeps a score of exactly the threshold and drops NaN', () => {
    const row = [20, 20, 10, 10, 0.3, 1]
    expect(postprocess(decoded(row), 1, { conf: 0.3, nms: 0.5 })).toHaveLength(1)
    expect(postprocess(decoded([20, 20, 10, 10, NaN, 1], [20, 20, 10, 10, 1, NaN]), 1, all)).toEqual([])
  })

  it('suppresses within a class only, or across classes if asked', () => {
    const two = decoded([20, 20, 10, 10, 1, 0.9, 0.1], [20, 20, 10, 10, 1, 0.1, 0.8])
    expect(postprocess(two, 2, all).map(d => d.class)).toEqual([0, 1])
    expect(postprocess(two, 2, { ...all, classAgnostic: true }).map(d => d.class)).toEqual([0])
  })

  it('gives only the classes asked for; another class does not stand in for them', () => {
    const rows = decoded([20, 20, 10, 10, 1, 0.9, 0.8], [80, 80, 10, 10, 1, 0.2, 0.8])
    expect(postprocess(rows, 2, { ...all, only: [1] }).map(d => d.box[0])).toEqual([75])
  })

  it('takes the first of equal classes and equal scores', () => {
    const found = postprocess(decoded([20, 20, 10, 10, 1, 0.5, 0.5], [60, 20, 10, 10, 1, 0.5, 0.5]), 2, all)
    expect(found.map(d => [d.class, d.box[0]])).toEqual([
      [0, 15],
      [0, 55]
    ])
  })

  const probability = fc.float({ min: 0, max: 1, noNaN: true })
  const place = fc.float({ min: 0, max: 60, noNaN: true })
  const length = fc.float({ min: 1, max: 40, noNaN: true })
  const row = fc.tuple(place, place, length, length, probability, probability, probability)

  const iou = (a: Detection['box'], b: Detection['box']) => {
    const w = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
    const h = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
    const area = ([x1, y1, x2, y2]: Detection['box']) => (x2 - x1) * (y2 - y1)
    return (w * h) / (area(a) + area(b) - w * h)
  }

  it('leaves no pair of a class above the limit, and drops nothing without a stronger rival', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), rows => {
        const input = decoded(...rows)
        const kept = postprocess(input, 2, all)
        const candidates = postprocess(input, 2, { ...all, nms: 1 })
        const beats = (a: Detection, b: Detection, limit: number) =>
          a.class === b.class && a.score >= b.score && iou(a.box, b.box) > limit
        for (const [i, b] of kept.entries())
          for (const a of kept.slice(0, i)) {
            expect(a.score).toBeGreaterThanOrEqual(b.score)
            expect(beats(a, b, all.nms + 1e-5)).toBe(false)
          }
        const score = (d: Detection) => f32(d.objectness * d.classConfidence)
        for (const d of candidates) {
          expect(d.score).toBe(score(d))
          const stays = kept.some(k => k.box.every((v, i) => v === d.box[i]) && k.score === d.score)
          expect(stays || kept.some(k => beats(k, d, all.nms - 1e-5))).toBe(true)
        }
      })
    )
  })
})
