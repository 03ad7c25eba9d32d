import { describe, expect, it } from 'vitest'
import { advance, decode, hannWindow, start } from '../../../models/romtrack/track.ts'
import type { TensorData } from '../../../models/graph/index.ts'

/** Maps of 2 x 2 cells; offsets x then y, sizes width then height. */
const maps = (score: number[], offset = Array<number>(8).fill(0), size = Array<number>(8).fill(0.25)) => ({
  score,
  offset,
  size
})
const flat = new Float32Array(4).fill(1)

describe('decoding', () => {
  it('takes the cell of the highest score, its offset in cells and its size', () => {
    const found = decode(
      maps([0.1, 0.2, 0.75, 0.3], [0, 0, 0.5, 0, 0, 0, 0.25, 0], [0, 0, 0.5, 0, 0, 0, 0.125, 0]),
      flat
    )
    expect(found).toEqual({ box: [0.25, 0.625, 0.5, 0.125], cell: 2, response: 0.75 })
  })

  it('takes the first of equal scores', () => {
    expect(decode(maps([0.5, 0.75, 0.75, 0.75]), flat).cell).toBe(1)
  })

  it('prefers what is in the middle, where the thing was', () => {
    const score = new Array<number>(9).fill(0.5).with(0, 0.9)
    const nine = { score, offset: Array<number>(18).fill(0.5), size: Array<number>(18).fill(0.25) }
    expect(decode(nine, new Float32Array(9).fill(1)).cell).toBe(0)
    expect(decode(nine, hannWindow(3)).cell).toBe(4)
  })
})

describe('the window', () => {
  it('is one in the middle and nowhere zero', () => {
    const window = hannWindow(3)
    expect([...window].map(v => Math.round(v * 1000) / 1000)).toEqual([
      0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25
    ])
  })
})

describe('a frame', () => {
  const tensor = (...values: number[]): TensorData => ({
    dtype: 'float32',
    shape: [values.length],
    data: Float32Array.from(values)
  })
  const frame = { width: 640, height: 480 }
  const crop = { search: 64, factor: 4 }

  it('moves the box, in the crop around the last one, and keeps this frame for the next', () => {
    const begun = start([100, 100, 16, 16], tensor(1), tensor(2))
    expect(begun.variation).toBe(begun.inherent)
    // The crop is 64 pixels wide and begins at (76, 76); its last cell begins in its middle.
    const { state, score } = advance(begun, maps([0.1, 0.1, 0.1, 0.5]), tensor(3), frame, crop)
    expect(state).toEqual({
      box: [76 + 32 - 8, 76 + 32 - 8, 16, 16],
      templateTokens: tensor(1),
      inherent: tensor(2),
      variation: tensor(3)
    })
    expect(score).toBe(0.5)
  })

  it('leaves the state that it begins with as it is', () => {
    const begun = start([100, 100, 16, 16], tensor(1), tensor(2))
    advance(begun, maps([0.5, 0.1, 0.1, 0.1]), tensor(3), frame, crop)
    expect(begun).toEqual(start([100, 100, 16, 16], tensor(1), tensor(2)))
  })
})
