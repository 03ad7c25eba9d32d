import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alphas } from '../../../eval/mot/hota.ts'
import { combine } from '../../../eval/mot/index.ts'
import { measure, measureText, range, text, walk } from './rows.ts'

const all = range(1, 10)
const two = [...walk(1, 0, 0, all), ...walk(2, 0, 100, all)]

describe('HOTA, CLEAR and Identity', () => {
  it('are all 1 where results are the truth, whatever the ids', () => {
    const { HOTA, CLEAR, Identity } = measure(two, [...walk(70, 0, 100, all), ...walk(8, 0, 0, all)])
    for (const name of ['HOTA', 'DetA', 'AssA', 'LocA', 'OWTA'] as const)
      for (const value of HOTA[name]) expect(value).toBeCloseTo(1, 12)
    expect(CLEAR).toMatchObject({ MOTA: 1, MOTP: 1, MTR: 1, IDSW: 0, Frag: 0, MT: 2, CLR_TP: 20, CLR_FP: 0 })
    expect(Identity).toMatchObject({ IDF1: 1, IDTP: 20, IDFN: 0, IDFP: 0 })
  })

  it('tell two people who swap ids half-way', () => {
    const swapped = [
      ...walk(1, 0, 0, range(1, 5)),
      ...walk(2, 0, 0, range(6, 10)),
      ...walk(2, 0, 100, range(1, 5)),
      ...walk(1, 0, 100, range(6, 10))
    ]
    const { HOTA, CLEAR, Identity } = measure(two, swapped)
    expect(CLEAR).toMatchObject({ IDSW: 2, CLR_TP: 20, MOTA: (20 - 2) / 20, Frag: 0 })
    expect(Identity).toMatchObject({ IDTP: 10, IDFN: 10, IDFP: 10, IDF1: 0.5 })
    // Each of four pairs of ids: 5 frames in common of 10 + 10 - 5.
    expect(HOTA.DetA[0]).toBe(1)
    expect(HOTA.AssA[0]).toBeCloseTo(1 / 3, 12)
    expect(HOTA['HOTA(0)']).toBeCloseTo(Math.sqrt(1 / 3), 12)
  })

  it('count a gap as a fragment, but no switch where the id is kept', () => {
    const { CLEAR } = measure(walk(1, 0, 0, all), walk(5, 0, 0, [1, 2, 3, 7, 8]))
    // Frames without any result do not end a match: only then is there no fragment.
    expect(CLEAR).toMatchObject({ IDSW: 0, Frag: 0, CLR_FN: 5, PT: 1 })
    const seen = measure(two, [...walk(5, 0, 0, [1, 2, 3, 7, 8]), ...walk(6, 0, 100, all)])
    expect(seen.CLEAR).toMatchObject({ IDSW: 0, Frag: 1, CLR_FN: 5, PT: 1, MT: 1 })
  })

  it('go on with a match although another box lies better', () => {
    const near = (id: number, dx: number, frames: number[]) => walk(id, dx, 0, frames)
    const { CLEAR } = measure(near(1, 0, all), [...near(5, 3, all), ...near(6, 0, range(4, 10))])
    expect(CLEAR).toMatchObject({ IDSW: 0, CLR_TP: 10, CLR_FP: 7 })
  })

  it('have no results to measure', () => {
    const { HOTA, CLEAR, Identity } = measure(two, [])
    expect(HOTA.HOTA).toEqual(alphas.map(() => 0))
    expect(HOTA.LocA).toEqual(alphas.map(() => 1))
    expect(CLEAR).toMatchObject({ MOTA: 0, CLR_FN: 20, ML: 2, MLR: 1, CLR_Frames: 0 })
    expect(Identity).toMatchObject({ IDF1: 0, IDTP: 0, IDFN: 20, IDFP: 0 })
  })

  it('have no truth that counts', () => {
    const { HOTA, CLEAR, Identity } = measureText(text(two, 0, 1, 1), text(two, 0.9, -1))
    expect(HOTA.HOTA_FP).toEqual(alphas.map(() => 20))
    expect(CLEAR).toMatchObject({ MOTA: 0, CLR_FP: 20, CLR_FN: 0, ML: 0, MLR: 1 })
    expect(Identity).toMatchObject({ IDFP: 20, IDFN: 0 })
  })

  it('do not see a box without area', () => {
    expect(measure([[1, 1, 0, 0, 20, 0]], [[1, 1, 0, 0, 20, 0]]).CLEAR).toMatchObject({
      CLR_TP: 0,
      CLR_FN: 1
    })
  })

  it('do not hang on the order of rows, nor on the numbers of ids', () => {
    const results = [...walk(1, 4, 0, range(1, 6)), ...walk(2, 0, 0, range(7, 10)), ...walk(3, 2, 95, all)]
    const plain = measure(two, results)
    fc.assert(
      fc.property(fc.shuffledSubarray(results, { minLength: results.length }), fc.nat(1000), (rows, add) => {
        const { CLEAR, Identity, HOTA } = measure(
          two,
          rows.map(([frame, id, ...box]) => [frame, 3000 - 2 * id + add, ...box])
        )
        expect(Identity).toEqual(plain.Identity)
        expect(CLEAR.IDSW).toBe(plain.CLEAR.IDSW)
        expect(CLEAR.MOTP).toBeCloseTo(plain.CLEAR.MOTP, 12)
        expect(HOTA['HOTA(0)']).toBeCloseTo(plain.HOTA['HOTA(0)'], 12)
      }),
      { numRuns: 20 }
    )
  })
})

describe('several sequences together', () => {
  it('are measured by their counts, not by a mean of rates', () => {
    const good = measure(two, two)
    const bad = measure(walk(1, 0, 0, [1]), walk(1, 400, 400, [1]))
    const { CLEAR, Identity, HOTA, Count } = combine([good, bad])
    expect(CLEAR).toMatchObject({ CLR_TP: 20, CLR_FN: 1, CLR_FP: 1, MOTA: 19 / 21, CLR_Frames: 20 })
    expect(Identity.IDF1).toBe(20 / 21)
    expect(HOTA.DetA[0]).toBe(20 / 22)
    // The bad one has no true positives, so nothing of it weighs in here.
    expect(HOTA.AssA[0]).toBe(1)
    expect(Count).toEqual({ Dets: 21, GT_Dets: 21, IDs: 3, GT_IDs: 3, Frames: 20 })
  })

  it('are one where there is one', () => {
    const one = measure(two, walk(3, 3, 0, range(2, 7)))
    expect(combine([one])).toEqual(one)
  })
})

describe('pre-processing', () => {
  const truth = [text(walk(1, 0, 0, all), 1, 1, 1), text(walk(2, 0, 100, all), 1, 8, 1)].join('\n')
  const vehicle = [text(walk(1, 0, 0, all), 1, 1, 1), text(walk(2, 0, 100, all), 1, 6, 1)].join('\n')
  const results = text(two, 0.9, -1, -1, -1)

  it('forgives results on what only distracts', () => {
    expect(measureText(truth, results).CLEAR).toMatchObject({ MOTA: 1, CLR_TP: 10, CLR_FP: 0 })
  })

  it('knows that vehicles distract in MOT20 only', () => {
    expect(measureText(vehicle, results).CLEAR.CLR_FP).toBe(10)
    expect(measureText(vehicle, results, { benchmark: 'MOT20' }).CLEAR.CLR_FP).toBe(0)
  })

  it.each([{ benchmark: 'MOT15' }, { preprocess: false }])('takes all marked truth with %o', protocol => {
    expect(measureText(truth, results, protocol).CLEAR).toMatchObject({ CLR_TP: 20, CLR_FP: 0 })
  })

  it('leaves out truth that is not marked, and does not forgive results there', () => {
    const unmarked = [text(walk(1, 0, 0, all), 1, 1, 1), text(walk(2, 0, 100, all), 0, 1, 1)].join('\n')
    expect(measureText(unmarked, results).CLEAR).toMatchObject({ CLR_TP: 10, CLR_FN: 0, CLR_FP: 10 })
  })

  it('refuses a class that is none, where a frame has results', () => {
    const odd = `1,1,5,5,20,50,1,1,1\n2,1,5,5,20,50,1,14,1`
    expect(() => measureText(odd, '2,1,5,5,20,50,1')).toThrow(
      expect.objectContaining({
        code: 'track-rows-invalid',
        details: { file: 'gt.txt', line: 2, problem: expect.stringContaining('column 8 is 14') as string }
      })
    )
    expect(measureText(odd, '1,1,5,5,20,50,1').Count.GT_Dets).toBe(1)
    expect(measureText(odd, '2,1,5,5,20,50,1', { benchmark: 'MOT15' }).Count.GT_Dets).toBe(2)
  })
})
