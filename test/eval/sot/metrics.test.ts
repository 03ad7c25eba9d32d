import { describe, expect, it } from 'vitest'
import { evaluateSot } from '../../../eval/sot/index.ts'
import type { Sequence } from '../../../eval/sot/sequence.ts'
import type { Tlwh } from '../../../models/box.ts'

const here: Tlwh = [100, 50, 20, 10]
const away: Tlwh = [400, 50, 20, 10]
const none: Tlwh = [0, 0, 0, 0]

/** One value in the frames before `frame`, another from it on. */
const from = <T>(frame: number, before: T, after: T): T[] =>
  Array.from({ length: 10 }, (_, i) => (i < frame ? before : after))
const always = <T>(value: T) => from(10, value, value)

/** Ten frames of a thing that stays, followed by a tracker that does too, but for what is said. */
const sequence = (other: Partial<Sequence> = {}): Sequence => ({
  boxes: always(here),
  results: always(here),
  absent: always(false),
  cover: always(8),
  ...other
})
describe('a perfect tracker', () => {
  it('scores all that can be had: no IoU is above 1', () => {
    const { pytracking, lasot, got10k, trackingnet } = evaluateSot([sequence()])
    expect(pytracking).toMatchObject({ OP50: 100, OP75: 100, precision: 100, norm_precision: 100 })
    expect(pytracking.AUC).toBeCloseTo(2000 / 21, 10)
    expect(lasot.AUC).toBeCloseTo(20 / 21, 10)
    expect(got10k).toMatchObject({ ao: 1, sr50: 1, sr75: 1 })
    expect(trackingnet.success).toBeCloseTo(100, 10)
    expect(trackingnet.precision).toBeCloseTo(100, 10)
  })
})

describe('a frame without the target', () => {
  it('is a miss to LaSOT and PyTracking, and left out by GOT-10k where the cover is 0', () => {
    const scores = evaluateSot([
      sequence({ absent: from(8, false, true), cover: from(8, 8, 0), results: from(8, here, away) })
    ])
    expect(scores.pytracking.OP50).toBeCloseTo(80, 4)
    expect(scores.lasot.success_at_0_5).toBeCloseTo(0.8, 10)
    expect(scores.got10k.ao).toBe(1)
  })
})

describe('the first frame', () => {
  it('is the truth whatever the result says, and is not measured by GOT-10k', () => {
    const lost = evaluateSot([sequence({ results: always(away) })])
    expect(lost.pytracking.OP50).toBeCloseTo(10, 4)
    expect(lost.trackingnet.curves.success[20]).toBeCloseTo(0.1, 10)
    expect(lost.got10k.ao).toBe(0)
  })
})

describe('a result without a size', () => {
  it('repeats the one before, but not to GOT-10k and TrackingNet', () => {
    const { pytracking, lasot, got10k, trackingnet } = evaluateSot([
      sequence({ results: from<Tlwh>(5, here, [7, 7, 0, 3]) })
    ])
    expect(pytracking.OP50).toBe(100)
    expect(lasot.success_at_0_5).toBeCloseTo(1, 10)
    expect(got10k.sr50).toBeCloseTo(4 / 9, 10)
    expect(trackingnet.curves.success[10]).toBe(0.5)
  })
})

describe('truth without a size', () => {
  it('is a hit to LaSOT’s precision alone, and gives no number to TrackingNet', () => {
    const { pytracking, lasot, trackingnet } = evaluateSot([
      sequence({ boxes: from(5, here, none), results: from(5, here, none) })
    ])
    expect(pytracking.precision).toBe(50)
    expect(lasot.success_at_0_5).toBeCloseTo(0.5, 10)
    expect(lasot.precision_at_20).toBeCloseTo(1, 10)
    expect(trackingnet.curves.success[0]).toBe(0.5)
  })
})

describe('a picture’s edge', () => {
  it('cuts boxes for GOT-10k where its size is known', () => {
    const wide = sequence({ results: always<Tlwh>([100, 50, 40, 10]) })
    expect(evaluateSot([wide]).got10k.ao).toBeCloseTo(0.5, 10)
    expect(evaluateSot([{ ...wide, size: { width: 120, height: 100 } }]).got10k.ao).toBe(1)
  })
})

describe('several sequences', () => {
  const short = { ...sequence(), boxes: [here, here], results: [here, away] }
  it('are averaged, but for GOT-10k, to which their frames count', () => {
    const { pytracking, got10k } = evaluateSot([sequence(), short])
    expect(pytracking.OP50).toBe(75)
    expect(got10k.sr50).toBeCloseTo(0.9, 10)
  })

  it('are left out by LaSOT’s toolkit where they never hit', () => {
    const never = sequence({ absent: always(true) })
    expect(evaluateSot([sequence(), never]).lasot.success_at_0_5).toBeCloseTo(1, 10)
    expect(evaluateSot([never]).lasot.AUC).toBe(0)
  })
})
