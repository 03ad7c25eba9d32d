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
