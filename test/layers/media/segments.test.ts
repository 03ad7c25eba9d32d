import { expect, test } from 'vitest'
import { planSegments } from '../../../layers/media/index.ts'

const timeline = (frames: number, keyEvery: number, ticks = 512) => ({
  pts: Float64Array.from({ length: frames }, (_, i) => i * ticks),
  keys: Float64Array.from({ length: Math.ceil(frames / keyEvery) }, (_, i) => i * keyEvery * ticks)
})

test('a short clip is one segment', () => {
  expect(planSegments(timeline(80, 25), { target: 60, max: 90 })).toEqual([
    { index: 0, firstFrame: 0, frames: 80, from: 0, entry: 0 }
  ])
})

test('segments begin at the first key frame from the target length on', () => {
  expect(planSegments(timeline(200, 25, 10), { target: 60, max: 90 })).toEqual([
    { index: 0, firstFrame: 0, frames: 75, from: 0, until: 750, entry: 0 },
    { index: 1, firstFrame: 75, frames: 75, from: 750, until: 1500, entry: 750 },
    { index: 2, firstFrame: 150, frames: 50, from: 1500, entry: 1500 }
  ])
})

test('where no key frame comes in time, a segment is entered at the key frame before it', () => {
  expect(planSegments(timeline(200, 1000, 10), { target: 60, max: 90 })).toEqual([
    { index: 0, firstFrame: 0, frames: 90, from: 0, until: 900, entry: 0 },
    { index: 1, firstFrame: 90, frames: 90, from: 900, until: 1800, entry: 0 },
    { index: 2, firstFrame: 180, frames: 20, from: 1800, entry: 0 }
  ])
})

test('key frames that an edit list hides are entered all the same', () => {
  const pts = Float64Array.of(0, 10, 20)
  const [segment] = planSegments({ pts, keys: Float64Array.of(-30) }, { target: 2, max: 5 })
  expect(segment).toEqual({ index: 0, firstFrame: 0, frames: 3, from: 0, entry: -30 })
})

test('a key frame that is not shown itself ends no segment off its frames', () => {
  const pts = Float64Array.of(0, 10, 20, 40, 50, 60)
  const segments = planSegments({ pts, keys: Float64Array.of(0, 30) }, { target: 2, max: 4 })
  expect(segments.map(s => s.frames).reduce((a, b) => a + b)).toBe(6)
  expect(segments.every(s => s.entry <= s.from)).toBe(true)
})

test.each([1, 7, 250, 1e6])(
  '100,000 frames with a key frame every %d are all in one segment each',
  keyEvery => {
    const { pts, keys } = timeline(100_000, keyEvery)
    const segments = planSegments({ pts, keys }, { target: 60, max: 90 })
    let next = 0
    for (const s of segments) {
      expect(s.firstFrame).toBe(next)
      expect(s.frames).toBeLessThanOrEqual(90)
      expect(s.from).toBe(pts[s.firstFrame])
      expect(s.until).toBe(pts[s.firstFrame + s.frames])
      expect(s.entry).toBeLessThanOrEqual(s.from)
      next += s.frames
    }
    expect(next).toBe(100_000)
    expect(segments.slice(0, -1).every(s => s.frames >= 60)).toBe(true)
  }
)
