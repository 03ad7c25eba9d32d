import { describe, expect, it } from 'vitest'
import type { TensorData } from '../../../models/graph/index.ts'
import { openCanvas, placesAlong } from '../../../models/maxsr/canvas.ts'
import { enlarge } from '../../../models/maxsr/enlarge.ts'
import { mirrored, paddedSize } from '../../../models/maxsr/pad.ts'
import { planTiles, spansAlong, writeTile } from '../../../models/maxsr/tiles.ts'
import { dice } from '../../dice.ts'

/** A picture of noise. */
const noise = (width: number, height: number) => {
  const roll = dice(width + height)
  return { data: Uint8Array.from({ length: 3 * width * height }, () => roll(256)), width, height }
}

/** A network that repeats each pixel: what it gives of a tile is that part of what it would give of the whole. */
const repeat = (factor: number) => (lr: TensorData) => {
  const [, , h, w] = lr.shape
  const [height, width] = [factor * h, factor * w]
  const data = Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const [plane, y, x] = [Math.floor(i / width / height), Math.floor(i / width) % height, i % width]
    return Number(lr.data[(plane * h + Math.floor(y / factor)) * w + Math.floor(x / factor)])
  })
  return Promise.resolve<TensorData>({ dtype: 'float32', shape: [1, 3, height, width], data })
}

describe('padding', () => {
  it('mirrors at the end without repeating it', () => {
    const places = Array.from({ length: 9 }, (_, i) => mirrored(i, 4))
    expect(places).toEqual([0, 1, 2, 3, 2, 1, 0, 1, 2])
    expect(mirrored(5, 1)).toBe(0)
  })

  it('goes to the next square on either side', () => {
    expect(paddedSize({ width: 20, height: 16 })).toEqual({ width: 25, height: 16 })
  })
})

describe('a plan of tiles', () => {
  it('has one tile for what is no larger, padded to squares', () => {
    expect(planTiles({ width: 60, height: 64 }, { side: 64 })).toEqual({
      picture: { width: 60, height: 64 },
      columns: [{ start: 0, length: 60, from: 0, to: 60 }],
      rows: [{ start: 0, length: 64, from: 0, to: 64 }],
      padded: { width: 64, height: 64 },
      fade: 4
    })
  })

  it('has tiles that overlap by twice the margin, the last one at the end, and keeps each pixel of one', () => {
    expect(spansAlong(145, 64, 8)).toEqual([
      { start: 0, length: 64, from: 0, to: 56 },
      { start: 48, length: 64, from: 56, to: 104 },
      { start: 81, length: 64, from: 104, to: 145 }
    ])
  })

  it('has tiles of one size, which does not grow with the picture', () => {
    const sizes = [
      { width: 145, height: 145 },
      { width: 3840, height: 2160 },
      { width: 145, height: 9999 }
    ]
    for (const size of sizes) {
      const { padded, rows, columns } = planTiles(size)
      expect(padded).toEqual({ width: 144, height: 144 })
      expect(new Set([...rows, ...columns].map(({ length }) => length))).toEqual(new Set([144]))
    }
  })

  it('has no tiles that are all overlap', () => {
    expect(() => planTiles({ width: 90, height: 90 }, { side: 30 })).toThrow('no room')
    expect(() => planTiles({ width: 90, height: 90 }, { margin: 8, fade: 9 })).toThrow('no room')
  })
})

describe('a tile', () => {
  it('is a part of the picture in 0..1, plane by plane, mirrored at its own end', () => {
    // Red counts pixels, green is 51, blue 255.
    const picture = {
      data: Uint8Array.from([0, 1, 2, 3, 4, 5].flatMap(n => [n, 51, 255])),
      width: 3,
      height: 2
    }
    const [column, row] = [
      { start: 1, length: 2, from: 0, to: 2 },
      { start: 0, length: 2, from: 0, to: 2 }
    ]
    const out = new Float32Array(3 * 4)
    writeTile(picture, { row, column, padded: { width: 4, height: 1 } }, out)
    expect([...out]).toEqual(
      [1, 2, 1, 2].map(n => Math.fround(n / 255)).concat(Array(4).fill(Math.fround(0.2)), [1, 1, 1, 1])
    )
  })
})

describe('shares', () => {
  it.each([
    ['one tile', 64, 4],
    ['two tiles', 65, 4],
    ['many tiles', 300, 8],
    ['tiles that abut', 300, 0]
  ])('of %s add up to 1 everywhere', (_, n, fade) => {
    for (const factor of [2, 3, 4, 8]) {
      const sums = new Float64Array(n * factor)
      for (const { from, shares } of placesAlong(spansAlong(n, 64, 8), factor, fade))
        shares.forEach((share, i) => (sums[from + i] += share))
      for (const sum of sums) expect(sum).toBeCloseTo(1, 12)
    }
  })

  it('fall and rise on a straight line around the end of a kept part', () => {
    const [left, right] = placesAlong(spansAlong(100, 64, 8), 2, 2)
    // The seam is at pixel 56 of the source, 112 of the result.
    expect(left.to).toBe(116)
    expect([...left.shares.slice(107)]).toEqual(
      [1, 15, 13, 11, 9, 7, 5, 3, 1].map((n, i) => (i ? n / 16 : 1))
    )
    expect(right.from).toBe(108)
    expect([...right.shares.slice(0, 9)]).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 16].map(n => n / 16))
  })
})

describe('an enlarged picture', () => {
  const canvas = (fade: number) => {
    const plan = planTiles({ width: 20, height: 20 }, { side: 16, margin: 4, fade })
    return { ...openCanvas(plan, 2), tile: (value: number) => new Float32Array(3 * 32 * 32).fill(value) }
  }
  /** The first channel of a row of the result. */
  const row = ({ data, width }: { data: Uint8Array; width: number }, y: number) =>
    Array.from({ length: width }, (_, x) => data[3 * (y * width + x)])

  it('of one tile is what the network gives, rounded and held within bytes', async () => {
    const picture = { data: Uint8Array.from([10, 20, 30, 40, 50, 60]), width: 2, height: 1 }
    const plan = planTiles(picture)
    expect(plan.padded).toEqual({ width: 4, height: 1 })
    const run = (lr: TensorData) =>
      repeat(2)({ ...lr, data: Float32Array.from(lr.data as Float32Array, v => 10.04 * v - 1) })
    const { data, ...size } = await enlarge(picture, 2, plan, run)
    expect(size).toEqual({ width: 4, height: 2 })
    const line = [0, 0, 46, 0, 0, 46, 147, 247, 255, 147, 247, 255]
    expect([...data]).toEqual([...line, ...line])
  })

  it.each([
    [2, 0],
    [2, 4],
    [3, 4],
    [4, 2]
  ] as const)(
    'x%i of tiles that agree is that of the whole, whether they fade over %i pixels or abut',
    async (factor, fade) => {
      const picture = noise(50, 43)
      const tiled = planTiles(picture, { side: 16, margin: 4, fade })
      const whole = planTiles(picture)
      expect(tiled.columns.length * tiled.rows.length).toBeGreaterThan(20)
      expect(await enlarge(picture, factor, tiled, repeat(factor))).toEqual(
        await enlarge(picture, factor, whole, repeat(factor))
      )
    }
  )

  it('goes over from tile to tile on both axes where these do not agree', () => {
    const { draw, picture, tile } = canvas(2)
    for (const value of [0, 1, 0, 1]) draw(tile(value))
    // The seam is at 12 of the source's 20 pixels: 24 of 40.
    const ramp = [1, 3, 5, 7, 9, 11, 13, 15].map(n => Math.round((255 * n) / 16))
    const expected = [...Array<number>(20).fill(0), ...ramp, ...Array<number>(12).fill(255)]
    for (let y = 0; y < 40; y++) expect(row(picture, y)).toEqual(expected)
  })

  it('has in the corner of four tiles the product of their shares', () => {
    const { draw, picture, tile } = canvas(2)
    for (const value of [0, 0, 0, 1]) draw(tile(value))
    for (let y = 20; y < 28; y++)
      for (let x = 20; x < 28; x++) {
        const share = ((2 * (x - 20) + 1) * (2 * (y - 20) + 1)) / 256
        expect(Math.abs(row(picture, y)[x] - 255 * share)).toBeLessThanOrEqual(0.5 + 1e-4)
      }
  })

  it('changes at the seam where tiles abut', () => {
    const { draw, picture, tile } = canvas(0)
    for (const value of [0, 1, 1, 0]) draw(tile(value))
    expect(row(picture, 23)).toEqual([...Array<number>(24).fill(0), ...Array<number>(16).fill(255)])
    expect(row(picture, 24)).toEqual([...Array<number>(24).fill(255), ...Array<number>(16).fill(0)])
  })

  it('takes neither a tile too many nor one of another size', () => {
    const { draw, tile } = canvas(2)
    expect(() => draw(new Float32Array(3 * 16 * 16))).toThrow('not of the plan')
    const other = canvas(2)
    for (let i = 0; i < 4; i++) other.draw(tile(0))
    expect(() => other.draw(tile(0))).toThrow('not of the plan')
  })
})
