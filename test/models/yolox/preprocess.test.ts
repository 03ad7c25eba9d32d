import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { yoloxSteps } from '../../../models/yolox/golden-steps.ts'
import { detectionSize, letterboxer } from '../../../models/yolox/preprocess.ts'
import { checkStages } from './steps.ts'
import { describeShared, shared } from '../../shared.ts'

/** One picture, letterboxed. */
const letterbox = (
  picture: { data: Uint8Array; width: number; height: number },
  target: { width: number; height: number },
  form: 'new' | 'mot'
) => {
  const out = new Float32Array(3 * target.width * target.height).fill(NaN)
  letterboxer(picture, target, form).write(picture.data, out)
  return out
}

const red = { data: Uint8Array.of(255, 10, 20, 255, 10, 20), width: 2, height: 1 }

describe('letterboxing', () => {
  it('puts BGR planes of 0..255 top left and pads with 114', () => {
    expect([...letterbox(red, { width: 3, height: 2 }, 'new')]).toEqual([
      ...[20, 20, 20, 114, 114, 114],
      ...[10, 10, 10, 114, 114, 114],
      ...[255, 255, 255, 114, 114, 114]
    ])
  })

  it('normalises RGB planes for the older generation, the padding too', () => {
    const out = letterbox(red, { width: 2, height: 2 }, 'mot')
    expect(out[0]).toBe(Math.fround((1 - 0.485) / 0.229))
    expect(out[4]).toBe(Math.fround((10 / 255 - 0.456) / 0.224))
    expect(out[11]).toBe(Math.fround((114 / 255 - 0.406) / 0.225))
  })

  it('copies a picture exactly where nothing is to be resized', () => {
    const data = Uint8Array.from({ length: 64 * 32 * 3 }, (_, i) => (i * 89) % 256)
    const out = letterbox({ data, width: 64, height: 32 }, { width: 64, height: 64 }, 'new')
    for (let i = 0; i < 64 * 32; i++)
      for (const plane of [0, 1, 2]) expect(out[plane * 64 * 64 + i]).toBe(data[3 * i + 2 - plane])
  })

  // By hand: centre = (i + 0.5) * scale - 0.5, weights of 11 bits, columns, then rows:
  // columns give (near a + far b) >> 4, rows ((near upper >> 16) + (far lower >> 16) + 2) >> 2.
  it('shrinks 4x2 pixels to 2x1 as OpenCV does', () => {
    // Columns 2x + 0.5: the mean of two; the row at 0.5: the mean of both.
    const grey = [10, 21, 30, 43, 53, 60, 70, 83].flatMap(v => [v, v, v])
    const picture = { data: Uint8Array.from(grey), width: 4, height: 2 }
    const out = letterbox(picture, { width: 2, height: 1 }, 'new')
    // (1024 (10 + 21)) >> 4 = 1984, (1024 (53 + 60)) >> 4 = 7232: 31 + 113, + 2, >> 2 = 36
    // (1024 (30 + 43)) >> 4 = 4672, (1024 (70 + 83)) >> 4 = 9792: 73 + 153, + 2, >> 2 = 57, the mean is 56.5
    expect([...out]).toEqual([36, 57, 36, 57, 36, 57])
  })

  it('enlarges 2x1 pixels to 4x2 as OpenCV does', () => {
    // Columns at -0.25, 0.25, 0.75, 1.25: the outer ones are the pixels themselves.
    const picture = { data: Uint8Array.of(11, 0, 200, 13, 255, 3), width: 2, height: 1 }
    const out = letterbox(picture, { width: 4, height: 2 }, 'new')
    // Red, between 11 and 13: (1536 11 + 512 13) >> 4 = 1472, where exact arithmetic has 11.5;
    // the one row counts twice: (512 1472 >> 16) + (1536 1472 >> 16) + 2 = 11 + 34 + 2, >> 2 = 11. 12.5 becomes 12.
    expect([...out]).toEqual([
      ...[200, 151, 52, 3, 200, 151, 52, 3],
      ...[0, 64, 191, 255, 0, 64, 191, 255],
      ...[11, 11, 12, 13, 11, 11, 12, 13]
    ])
  })

  it('starts afresh with each picture', () => {
    const box = letterboxer({ width: 5, height: 3 }, { width: 32, height: 32 }, 'new')
    const write = (data: Uint8Array) => {
      const out = new Float32Array(3 * 32 * 32)
      box.write(data, out)
      return out
    }
    const [one, other] = [1, 7].map(k => Uint8Array.from({ length: 45 }, (_, i) => (i * i * k) % 256))
    const first = write(one)
    write(other)
    expect(write(one)).toEqual(first)
  })

  it('stays within the picture, whatever the sizes, and fills every value', () => {
    const side = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (width, height, w, h, level) => {
        const data = new Uint8Array(width * height * 3).fill(level)
        const out = letterbox({ data, width, height }, { width: w, height: h }, 'new')
        expect(out.every(v => v === level || v === 114)).toBe(true)
        expect(out[0]).toBe(level)
      })
    )
  })

  it('refuses a picture of another size', () => {
    const { write } = letterboxer({ width: 2, height: 2 }, { width: 32, height: 32 }, 'new')
    expect(() => write(new Uint8Array(3), new Float32Array(3 * 32 * 32))).toThrow('3 bytes')
  })
})

describe('the size for detection', () => {
  it.each([
    { picture: [1920, 1080], longSide: 640, size: [640, 384] },
    { picture: [1080, 1920], longSide: 640, size: [384, 640] },
    { picture: [768, 576], longSide: 768, size: [768, 576] },
    { picture: [100, 100], longSide: 416, size: [416, 416] },
    { picture: [4000, 10], longSide: 640, size: [640, 32] }
  ])('$picture at $longSide is $size', ({ picture: [w, h], longSide, size: [width, height] }) => {
    expect(detectionSize(w, h, longSide)).toEqual({ width, height })
  })
})

describeShared('pre- and post-processing of the authors', () => {
  it('gives their numbers', async () => {
    const stages = await checkStages(yoloxSteps, shared('golden/yolox/pre-post.json'))
    expect(stages.missed).toEqual([])
    expect(stages.compared).toBeGreaterThan(20)
  })
})
