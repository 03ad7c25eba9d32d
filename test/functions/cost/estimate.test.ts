import { describe, expect, it } from 'vitest'
import { chain, stepOf } from '../../../functions/chain.ts'
import { costBasis, costBasisOf } from '../../../functions/cost/basis.ts'
import { actualDollars, estimate } from '../../../functions/cost/estimate.ts'
import { frameSpeed } from '../../../functions/cost/speeds.ts'
import { weightsNamed } from '../../../models/catalogue/index.ts'
import { tasks } from '../../../tasks/index.ts'
import { fullHd, hd, planned } from './clips.ts'

const small = costBasisOf({ size: 'small' })
/** 25 segments of 60 frames. */
const minute = planned('track-many', {}, hd(60))

describe('what a job took', () => {
  /** As a manifest has them, in seconds. */
  const took = { plan: 1, decode: 30, detect: 70, associate: 2, render: 40, store: 3 }
  const timings = Object.entries(took).map(([step, seconds]) => ({
    step,
    seconds,
    invocations: 25,
    frames: 1500
  }))

  it('costs what it comes to by hand', () => {
    const gb = 1769 / 1024
    const functions = 146 * gb * 0.0000133334
    const scratch = (74 * 9.5 + 72 * 3.5) * 0.0000000309
    const invocations = (1 + 25 + 25 + 1 + 25 + 1) * 0.0000002
    // Execution 2; plan, two maps, store; associate and its choice; segments with decode and detect, and with render.
    const transitions = (2 + 4 + 2 + 25 * (2 + 2) + 25 * (1 + 2)) * 0.000025
    // A segment's pictures have 60 × 1280 × 720 × 0.23 bytes = 12.7 MB: 2 parts to upload and 13 to fetch.
    const put = 3 + 25 * (3 + 4) + 25 * 3 + (2 + 25 * 3) + 25 * 3 + 15
    const get = 3 + 25 * 5 + 25 * (5 + 13) + (4 + 25 * 2) + 25 * 8 + (10 + 25 * (3 + 6))
    const requests = put * 0.000005 + get * 0.0000004
    const events = 3 * 0.000001
    expect(actualDollars(minute, timings, small)).toBeCloseTo(
      functions + scratch + invocations + transitions + requests + events,
      10
    )
  })

  it('on a GPU costs the instances in place of the functions of its models', () => {
    const on = (compute: 'lambda' | 'gpu' | 'batch') =>
      actualDollars(minute, timings, costBasisOf({ size: 'small', compute: { 'track-many': compute } }))
    // The association runs no model and stays where it is.
    const infer = 70 * ((1769 / 1024) * 0.0000133334 + 3.5 * 0.0000000309)
    const hour = (70 / 3600) * 0.526
    expect(on('batch') - on('lambda')).toBeCloseTo(hour - infer - 25 * 0.0000002, 10)
    expect(on('gpu') - on('lambda')).toBeCloseTo(1.15 * hour - infer, 10)
  })

  it('is dearer by a fourth on x64, as far as it is memory by time', () => {
    const x64 = actualDollars(minute, timings, { ...small, architecture: 'x64' })
    const difference = x64 - actualDollars(minute, timings, small)
    expect(difference / (146 * (1769 / 1024) * 0.0000133334)).toBeCloseTo(0.25, 4)
  })
})

describe('an estimate', () => {
  it('has every invocation of the chain, and its total is the sum of its kinds', () => {
    const { steps, dollars, seconds, frames, segments } = estimate(minute, small)
    expect({ frames, segments }).toEqual({ frames: 1500, segments: 25 })
    expect(Object.fromEntries(steps.map(({ step, invocations }) => [step, invocations]))).toEqual({
      plan: 1,
      decode: 25,
      detect: 25,
      associate: 1,
      render: 25,
      store: 1
    })
    const { total, ...kinds } = dollars
    expect(Object.values(kinds).reduce((a, b) => a + b)).toBeCloseTo(total, 12)
    expect(steps.reduce((sum, step) => sum + step.seconds, 0)).toBeCloseTo(seconds.sum, 9)
  })

  it('of a step without a model comes to what it does by hand', () => {
    const { steps } = estimate(minute, costBasisOf())
    // 0.9216 megapixels a frame on two processors, of which the second takes part in 80 %; start and fetching of 25 environments.
    const decode = 1500 * 0.019 * 0.9216 * 0.6 + 25 * (0.15 + 1.5 + 37.5e6 / 80e6)
    expect(steps.find(({ step }) => step === 'decode')?.seconds).toBeCloseTo(decode, 1)
  })

  it('of segments one after the other takes longer until it is done, and no longer in sum of work', () => {
    const one = estimate(minute, small, 1)
    const all = estimate(minute, small, 25)
    expect(one.seconds.wall).toBeCloseTo(one.seconds.sum, 6)
    expect(all.seconds.wall).toBeLessThan(one.seconds.wall / 5)
  })

  it('grows with the clip, the pixels and the network', () => {
    const total = (options: object, clip = hd(60)) =>
      estimate(planned('track-many', options, clip), small).dollars.total
    const base = total({})
    expect(total({}, hd(120)) / base).toBeCloseTo(2, 0)
    expect(total({}, fullHd(60))).toBeGreaterThan(base)
    expect(total({ detector: 'yolox-s' })).toBeGreaterThan(base)
    expect(total({ overlay: false })).toBeLessThan(base)
  })

  it('of weights that nobody here knows takes them for the largest', () => {
    const { options } = minute
    const own = { ...minute, options: { ...(options as object), detector: 'mine' } }
    const largest = planned('track-many', { detector: 'yolox-x' }, hd(60))
    expect(estimate(own, small).dollars).toEqual(estimate(largest, small).dollars)
    const known = [{ ...weightsNamed('yolox-s'), name: 'mine' }]
    expect(estimate({ ...own, weights: known }, small).dollars.total).toBeLessThan(
      estimate(own, small).dollars.total
    )
  })

  describe('of following', () => {
    const box = [1, 1, 9, 9]
    const followed = (stage: string, options: object) =>
      frameSpeed(planned('track', { box, ...options }, hd(60)), {
        function: 'infer',
        stage,
        timeoutSeconds: 1
      })
    const run = (model: string) => followed('forward', { model }).modelSeconds!

    it('knows a network in whatever precision it is stored', () => {
      expect(run('mixformerv2-s@int8') / run('mixformerv2-s')).toBeCloseTo(25 / 60, 1)
      expect(run('romtrack-base-256@int8') / run('romtrack-base-256')).toBeCloseTo(1 / 2.4, 1)
      expect(run('romtrack-tiny-256@float16')).toBe(run('romtrack-tiny-256'))
    })

    it('shares the clip out to both sides of the start, as far as they are asked for', () => {
      // 1,500 frames, 60 s.
      const whole = run('mixformerv2-s')
      const shares = (options: object) =>
        ['forward', 'backward'].map(stage => followed(stage, options).modelSeconds! / whole)
      expect(shares({})).toEqual([1, 0])
      for (const start of [375, '15s']) {
        expect(shares({ start })).toEqual([0.75, 0.25])
        expect(shares({ start, direction: 'forward' })).toEqual([0.75, 0])
        expect(shares({ start, direction: 'backward' })).toEqual([0, 0.25])
      }
    })

    it('takes as long for each target as for one', () => {
      expect(followed('forward', { box: [box, box, box] }).modelSeconds! / run('mixformerv2-s')).toBeCloseTo(
        3,
        9
      )
    })
  })

  it('of a fold that takes an hour has it called again and again', () => {
    const day = estimate(planned('track-many', {}, hd(24 * 3600)), small)
    const { invocations = 0, seconds = 0 } = day.steps.find(({ step }) => step === 'associate') ?? {}
    expect(invocations).toBe(Math.ceil((seconds - invocations * 0.15 - 1.5) / 780))
    expect(invocations).toBeGreaterThan(1)
  })

  describe('on GPUs', () => {
    const on = (where: 'batch' | 'gpu', seconds: number) =>
      estimate(planned('track-many', {}, hd(seconds)), costBasisOf({ compute: { 'track-many': where } }))
    /** Seconds that an instance is paid for besides work: boot, image, on Lambda the environment, waiting. */
    const besides = { batch: 90 + 90 + 300, gpu: 90 + 90 + 10 + 600 }

    it('counts the start and the waiting of its instances, as many as there may be', () => {
      expect(on('batch', 60).dollars.starts).toBeCloseTo((8 * besides.batch * 0.526) / 3600, 10)
      expect(on('batch', 4).dollars.starts).toBeCloseTo((2 * besides.batch * 0.526) / 3600, 10)
      expect(on('gpu', 60).dollars.starts).toBeCloseTo((4 * besides.gpu * 0.526 * 1.15) / 3600, 10)
      expect(estimate(minute, costBasisOf()).dollars.starts).toBe(0)
    })

    it('counts the start of a container for each segment in AWS Batch, but not in Lambda', () => {
      const [batch, gpu] = [on('batch', 60), on('gpu', 60)].map(
        ({ steps }) => steps.find(({ step }) => step === 'detect')!.seconds
      )
      expect(batch - gpu).toBeCloseTo(25 * 10, 6)
      // Of 25 segments, some instance of 8 has four, one behind the other.
      const wall = (seconds: number) => on('batch', seconds).seconds.wall
      expect(wall(60) - wall(8 * 2.4)).toBeGreaterThan(3 * 10)
    })
  })
})

describe('the basis', () => {
  it('goes through an environment variable', () => {
    const basis = costBasisOf({ size: 'large', architecture: 'x64', compute: { 'track-many': 'gpu' } })
    expect(costBasis.parse(JSON.parse(JSON.stringify(basis)))).toEqual(basis)
  })
})

const needed: Record<string, object> = { track: { box: [1, 1, 9, 9] }, upscale: { model: 'mine' } }

it('there is a speed for every step of every task', () => {
  for (const name of Object.keys(tasks)) {
    const job = planned(name, needed[name] ?? {}, hd(60))
    for (const step of chain(job.task))
      for (const call of step.kind === 'each' ? step.calls : [step.call])
        expect(frameSpeed(job, call).seconds, stepOf(call)).toBeGreaterThanOrEqual(0)
  }
})
