import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../models/dqbc/frame.ts'
import { interpolator, type InterpolationOptions } from '../../../models/dqbc/interpolate.ts'
import type { RunGraph } from '../../../models/graph/run.ts'

const flat = (channels: number, height: number, width: number, value = 0): Frame => ({
  dtype: 'float32',
  shape: [1, channels, height, width],
  data: new Float32Array(channels * height * width).fill(value)
})

/** Graphs that only tell their sizes: the middle is the mean of both frames, the coarse flow is `motion` everywhere. */
const scripted = (options: InterpolationOptions = {}, motion = 0) => {
  const calls: string[] = []
  const run: RunGraph = (feeds, graph) => {
    const [, , h, w] = (feeds.frame ?? feeds.frame0).shape
    calls.push(`${graph} ${h}x${w}`)
    const mean = () => ((feeds.frame0.data[0] as number) + (feeds.frame1.data[0] as number)) / 2
    const outputs: Record<string, () => Record<string, Frame>> = {
      features: () => ({ features: flat(128, h / 8, w / 8) }),
      context: () => ({
        half: flat(32, h / 2, w / 2),
        quarter: flat(64, h / 4, w / 4),
        eighth: flat(128, h / 8, w / 8)
      }),
      motion: () => ({ coarse: flat(4, h / 8, w / 8, motion) }),
      refine: () => ({ flow: flat(4, h, w), logits: flat(2, h, w) }),
      synthesise: () => ({ final: flat(3, h, w, mean()) })
    }
    return Promise.resolve(outputs[graph]())
  }
  return { calls, ...interpolator(run, options) }
}

const picture = (value: number) => flat(3, 100, 70, value)

describe('interpolation', () => {
  test('a frame is encoded once for the two pairs that it is in', async () => {
    const { calls, encode, middle } = scripted()
    const [a, b, c] = [0, 0.5, 1].map(value => encode(picture(value)))
    const frame = await middle(a, b)
    expect(frame.shape).toEqual([1, 3, 100, 70])
    expect(frame.data[0]).toBe(0.25)
    await middle(b, c)
    expect(calls.filter(call => call === 'features 128x128')).toHaveLength(3)
    expect(calls.filter(call => call === 'context 128x128')).toHaveLength(3)
  })

  test('frames between two come in order of time', async () => {
    const { encode, between } = scripted()
    const frames = await between(encode(picture(0)), encode(picture(1)), 2)
    expect(frames.map(({ data }) => data[0])).toEqual([0.25, 0.5, 0.75])
    expect(await between(encode(picture(0)), encode(picture(1)), 0)).toEqual([])
  })

  test('what is fed on is clamped', async () => {
    const { encode, between } = scripted()
    const [quarter, half] = await between(encode(picture(1)), encode(picture(3)), 2)
    expect([quarter.data[0], half.data[0]]).toEqual([1, 1])
  })

  test('large motion is found on half the size, which is padded again', async () => {
    const { calls, encode, middle } = scripted({ halvedFrom: 24 }, 1.5)
    await middle(encode(flat(3, 192, 256)), encode(flat(3, 192, 256)))
    expect(calls).toEqual([
      'features 128x128',
      'features 128x128',
      'motion 128x128',
      'context 128x128',
      'context 128x128',
      'refine 128x128',
      'context 192x256',
      'context 192x256',
      'synthesise 192x256'
    ])
  })

  test.each([{ motion: 1.4 }, { motion: -9 }])(
    'motion of $motion is found at full size',
    async ({ motion }) => {
      const { calls, encode, middle } = scripted({ halvedFrom: 24 }, motion)
      await middle(encode(flat(3, 192, 256)), encode(flat(3, 192, 256)))
      expect(calls).toContain('refine 192x256')
      expect(calls).not.toContain('refine 128x128')
    }
  )

  test('the augmented mode makes four passes, two of them turned, and encodes each frame twice', async () => {
    const { calls, encode, middle } = scripted({ augmented: true })
    const frame = await middle(encode(flat(3, 64, 192, 0)), encode(flat(3, 64, 192, 1)))
    expect(frame.shape).toEqual([1, 3, 64, 192])
    const count = (call: string) => calls.filter(other => other === call).length
    expect(count('synthesise 64x192')).toBe(2)
    expect(count('synthesise 192x64')).toBe(2)
    expect(count('features 64x192')).toBe(2)
    expect(count('features 192x64')).toBe(2)
  })
})
