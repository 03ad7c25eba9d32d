import { describe, expect, it } from 'vitest'
import type { ClipFacts } from '../../../events/clip.ts'
import { momentsBetween, resultTimeBase } from '../../../tasks/interpolate/times.ts'

/** Four frames of 1/25 s each, from 2/25 s on. */
const video = { timeBase: { num: 1, den: 25 }, start: 2, end: 6 } as ClipFacts['video']

describe('the frames of the result', () => {
  it('with a factor divide the time between two frames, however long that is', () => {
    const rate = { factor: 4 } as const
    expect(resultTimeBase(video.timeBase, rate)).toEqual({ num: 1, den: 100 })
    const moments = momentsBetween(video, rate, 2, 4)
    expect(moments.map(({ pts, eighth }) => [pts, eighth])).toEqual([
      [8, 0],
      [10, 2],
      [12, 4],
      [14, 6]
    ])
    // Behind the last frame there is nothing to be made.
    expect(momentsBetween(video, rate, 5)).toEqual([{ pts: 20, eighth: 0, deviation: 0 }])
  })

  it('at an even rate stand at multiples of its period, and show the nearest eighth of the way', () => {
    const rate = { num: 60, den: 1 }
    expect(resultTimeBase(video.timeBase, rate)).toEqual({ num: 1, den: 300 })
    const all = [
      [2, 3],
      [3, 4],
      [4, 5],
      [5, undefined]
    ].flatMap(([from, to]) => momentsBetween(video, rate, from!, to))
    // 4/25 s have 9.6 frames of 1/60 s; the first stands at the clip's beginning.
    expect(all.map(({ pts }) => pts)).toEqual(Array.from({ length: 10 }, (_, k) => 24 + 5 * k))
    expect(all.slice(0, 4).map(({ eighth }) => eighth)).toEqual([0, 3, 7, 2])
    // 5/12 of the way are shown as 3/8: 1/24 of 1/25 s off.
    expect(all[1].deviation).toBeCloseTo(1 / 24 / 25)
    expect(all.at(-1)).toEqual({ pts: 69, eighth: 0, deviation: 0 })
  })

  it('at a rate like NTSC’s stand exactly', () => {
    const rate = { num: 60000, den: 1001 }
    const base = resultTimeBase(video.timeBase, rate)
    const moments = momentsBetween(video, rate, 2, 3)
    // 1/25 s is 2,400 of 60,000 parts, the period 1,001.
    expect(moments.map(({ pts }) => (pts * base.num * 60000) / base.den)).toEqual([4800, 5801, 6802])
  })

  it('at a lower rate than the clip’s, some frames begin none', () => {
    const rate = { num: 10, den: 1 }
    expect([2, 3, 4].map(from => momentsBetween(video, rate, from, from + 1).length)).toEqual([1, 0, 1])
  })
})
