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

  it('drops boxes that are not finite, in the picture either', () => {
    const rows = [
      [10, 10, Infinity, 5, 0.9, 0.9],
      [10, 10, 5, NaN, 0.9, 0.8],
      [-Infinity, 10, 5, 5, 0.9, 0.8],
      [3e38, 10, 3e38, 5, 0.9, 0.8]
    ]
    expect(postprocess(decoded(...rows), 1, all)).toEqual([])
    const large = decoded([10, 10, 1e30, 5, 0.9, 0.9])
    expect(postprocess(large, 1, all)).toHaveLength(1)
    expect(postprocess(large, 1, { ...all, ratio: 1e-9 })).toEqual([])
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

  /** The same in float32, operation by operation. */
  const iou32 = (a: Detection['box'], b: Detection['box']) => {
    const w = f32(Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
    const h = f32(Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
    const area = ([x1, y1, x2, y2]: Detection['box']) => f32(f32(x2 - x1) * f32(y2 - y1))
    return w > 0 && h > 0 ? f32(f32(w * h) / f32(f32(area(a) + area(b)) - f32(w * h))) : 0
  }

  it('gives what the comparison of all pairs gives, near and far from the origin, whatever the sizes', () => {
    const far = fc.oneof(place, fc.float({ min: -1000, max: 6000, noNaN: true }))
    const size = fc.oneof(length, fc.float({ min: 0, max: 3000, noNaN: true }))
    const anywhere = fc.tuple(far, far, size, size, probability, probability, probability)
    // Around a box so that many overlap.
    const crowd = fc
      .tuple(anywhere, fc.array(fc.tuple(row, fc.constantFrom(1, 10, 60)), { maxLength: 25 }))
      .map(([[x, y, w, h], others]) =>
        others.map(([[dx, dy, dw, dh, ...p], n]) => [x + dx / n, y + dy / n, w + dw / n, h + dh / n, ...p])
      )
    const limit = fc.constantFrom(0, 0.05, 0.3, 0.45, 0.7, 0.95)
    fc.assert(
      fc.property(fc.array(crowd, { maxLength: 4 }), limit, fc.boolean(), (crowds, nms, classAgnostic) => {
        const input = decoded(...crowds.flat())
        const candidates = postprocess(input, 2, { conf: 0.1, nms: 1 })
        const kept = candidates.reduce<Detection[]>((before, candidate) => {
          const beats = (rival: Detection) =>
            (classAgnostic || rival.class === candidate.class) && iou32(rival.box, candidate.box) > nms
          return before.some(beats) ? before : [...before, candidate]
        }, [])
        expect(postprocess(input, 2, { conf: 0.1, nms, classAgnostic })).toEqual(kept)
      }),
      { numRuns: 300 }
    )
  })

  it('is done with 42,000 boxes of one class that stay', () => {
    const roll = (i: number, k: number) => ((i * k) % 9973) / 9973
    const rows = Float32Array.from({ length: 42_000 * 6 }, (_, at) => {
      const [i, column] = [Math.floor(at / 6), at % 6]
      return [roll(i, 7919) * 1920, roll(i, 104_729) * 1080, 10, 10, 0.9, 0.2 + 0.7 * roll(i, 31)][column]
    })
    const begin = performance.now()
    expect(postprocess(rows, 1, { conf: 0.1, nms: 0.7 }).length).toBeGreaterThan(5000)
    expect(performance.now() - begin).toBeLessThan(5000)
  })

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
