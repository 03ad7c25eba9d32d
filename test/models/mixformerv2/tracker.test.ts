import { describe, expect, it } from 'vitest'
import { checkOf, readGolden } from '../../../models/golden/index.ts'
import { mixFormerTracker } from '../../../models/mixformerv2/golden-tracker.ts'
import { advance, start, trackerDefaults } from '../../../models/mixformerv2/tracker.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

describeShared("MixFormerV2's tracker, against the authors' numbers", () => {
  it('has their boxes, scores, templates and crops', async () => {
    const golden = await readGolden(shared('golden/mixformerv2/tracker.json'))
    const stages = await Array.fromAsync(checkOf(golden, [mixFormerTracker])(golden, runOnnx))
    expect(stages).toHaveLength(56)
    expect(failures(stages)).toEqual([])
  })

  it('misses where a number is another', async () => {
    const golden = await readGolden(shared('golden/mixformerv2/tracker.json'))
    const scripted = structuredClone(golden.scripted) as { rows: { box: number[] }[] }
    scripted.rows[4].box[1] += 1e-6
    const decode = (golden.decode as object[]).with(0, {
      ...(golden.decode as object[])[0],
      clipped: [0, 0, 10, 10]
    })
    const missed = failures(
      await Array.fromAsync(mixFormerTracker.check({ ...golden, scripted, decode }, runOnnx))
    )
    expect(missed.map(({ stage }) => stage)).toEqual(['decode 0 clipped', 'scripted 5 box'])
  })
})

describe('the state of a tracker', () => {
  const size = { width: 640, height: 480 }
  const options = { ...trackerDefaults.s, search: 224, interval: 3 }
  const middle = (score: number) => ({ box: [0.5, 0.5, 0.2, 0.2] as const, score })
  /** Templates are called by the frame that they are of. */
  const after = (...scores: number[]) =>
    scores.reduce(
      (state, score) => advance(state, middle(score), size, options, () => state.frame + 1),
      start([300, 200, 40, 40], 0)
    )

  it('keeps the best frame of an interval, and takes it as online template at the end', () => {
    expect(after(0.7, 0.9)).toMatchObject({ frame: 2, online: 0, best: 2, bestScore: 0.9 })
    expect(after(0.7, 0.9, 0.8)).toMatchObject({ frame: 3, online: 2, best: 0, bestScore: -1 })
  })

  it('makes no template of a frame that scores a half or less, or no more than the best one', () => {
    expect(after(0.5)).toMatchObject({ best: 0, bestScore: -1 })
    expect(after(0.7, 0.7)).toMatchObject({ best: 1, bestScore: 0.7 })
  })

  it('returns to the first template after an interval without a good frame', () => {
    expect(after(0.9, 0, 0, 0, 0)).toMatchObject({ online: 1 })
    expect(after(0.9, 0, 0, 0, 0, 0)).toMatchObject({ online: 0, best: 0 })
  })

  it('never loses the box altogether', () => {
    const far = { box: [40, 40, -0.1, -0.1] as const, score: 0.1 }
    const { box } = advance(start([300, 200, 40, 40], 0), far, size, options, () => 1)
    expect(box).toEqual([630, 470, 10, 10])
  })
})
