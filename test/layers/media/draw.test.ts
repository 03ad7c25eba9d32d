import { expect, test } from 'vitest'
import type { Shape } from '../../../events/clip.ts'
import { draw, yuvOf, type Picture } from '../../../layers/media/draw.ts'

const grey = (width: number, height: number): Picture => ({
  width,
  height,
  planes: [
    new Uint8Array(width * height).fill(100),
    new Uint8Array((width / 2) * (height / 2)).fill(128),
    new Uint8Array((width / 2) * (height / 2)).fill(128)
  ],
  strides: [width, width / 2, width / 2]
})
const drawn = (width: number, height: number, shapes: Shape[], scale = { x: 1, y: 1 }) => {
  const picture = grey(width, height)
  draw(picture, shapes, scale, colour => yuvOf(colour, 'bt709', 'tv'))
  return picture
}
const red: [number, number, number] = [255, 0, 0]
/** Red in BT.709, limited range: 16 + 219 * 0.2126, and so on. */
const [redY, redCb, redCr] = [63, 102, 240]
const at = (picture: Picture, x: number, y: number) => [
  picture.planes[0][y * picture.strides[0] + x],
  picture.planes[1][(y >> 1) * picture.strides[1] + (x >> 1)],
  picture.planes[2][(y >> 1) * picture.strides[2] + (x >> 1)]
]

test('colours are those of the matrix and range', () => {
  expect(yuvOf([255, 255, 255], 'bt709', 'tv')).toEqual([235, 128, 128])
  expect(yuvOf([255, 0, 0], 'bt709', 'tv')).toEqual([redY, redCb, redCr])
  expect(yuvOf([255, 0, 0], 'smpte170m', 'tv')).toEqual([81, 90, 240])
  expect(yuvOf([0, 0, 0], 'bt470bg', 'pc')).toEqual([0, 128, 128])
  expect(yuvOf([0, 255, 0], 'bt470bg', 'pc')).toEqual([150, 44, 21])
})

test('a box is a frame of two pixels with nothing inside', () => {
  const picture = drawn(64, 48, [{ kind: 'box', x: 10, y: 8, width: 20, height: 16, colour: red }])
  for (const [x, y] of [
    [10, 8],
    [11, 9],
    [29, 8],
    [28, 23],
    [10, 23]
  ] as const)
    expect(at(picture, x, y)).toEqual([redY, redCb, redCr])
  for (const [x, y] of [
    [9, 8],
    [12, 10],
    [30, 8],
    [20, 16],
    [20, 24]
  ] as const)
    expect(at(picture, x, y)[0]).toBe(100)
})

test('coordinates of the source are scaled to the picture', () => {
  const picture = drawn(64, 48, [{ kind: 'box', x: 40, y: 32, width: 80, height: 64, colour: red }], {
    x: 0.25,
    y: 0.25
  })
  expect(at(picture, 10, 8)[0]).toBe(redY)
  expect(at(picture, 9, 8)[0]).toBe(100)
  expect(at(picture, 29, 23)[0]).toBe(redY)
})

test('odd edges share a chroma sample by how many of its pixels are covered', () => {
  const picture = drawn(64, 48, [{ kind: 'box', x: 11, y: 8, width: 20, height: 16, colour: red }])
  expect(at(picture, 11, 14)).toEqual([redY, 115, 184])
  expect(at(picture, 10, 14)[0]).toBe(100)
})

test('what lies outside is cut off, wherever it is and whatever the numbers are', () => {
  const far: Shape[] = [
    { kind: 'box', x: -50, y: -50, width: 60, height: 60, colour: red },
    { kind: 'box', x: 1e9, y: 1e9, width: 10, height: 10, colour: red, label: 'far' },
    { kind: 'box', x: NaN, y: 0, width: 10, height: Infinity, colour: red },
    {
      kind: 'path',
      points: [
        [-1e12, 20],
        [1e12, 20]
      ],
      colour: red
    },
    {
      kind: 'path',
      points: [
        [NaN, 0],
        [5, 5]
      ],
      colour: red
    }
  ]
  const picture = drawn(64, 48, far)
  expect(at(picture, 9, 3)[0]).toBe(redY)
  expect(Array.from({ length: 64 }, (_, x) => at(picture, x, 20)[0])).toEqual(Array(64).fill(redY))
})

test('a path goes through its points', () => {
  const picture = drawn(64, 48, [
    {
      kind: 'path',
      points: [
        [5, 5],
        [45, 35],
        [50, 10]
      ],
      colour: red
    }
  ])
  for (const [x, y] of [
    [5, 5],
    [25, 20],
    [45, 34],
    [50, 10]
  ] as const)
    expect(at(picture, x, y)[0]).toBe(redY)
  expect(at(picture, 5, 30)[0]).toBe(100)
})

/** Luma above the middle between black and the label's ground, as text. */
const letters = (picture: Picture, width: number, height: number) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (at(picture, x, y)[0] > 150 ? '#' : '.')).join('')
  )

test('labels are letters above the box on a ground of its colour', () => {
  const picture = drawn(64, 48, [
    { kind: 'box', x: 0, y: 11, width: 30, height: 20, colour: red, label: 'A1g' }
  ])
  expect(letters(picture, 19, 11)).toEqual([
    '...................',
    '..###....#.........',
    '.#...#..##.........',
    '.#...#...#....####.',
    '.#####...#...#...#.',
    '.#...#...#...#...#.',
    '.#...#...#...#...#.',
    '.#...#..###...####.',
    '.................#.',
    '..............###..',
    '...................'
  ])
  expect(at(picture, 6, 0)).toEqual([redY, redCb, redCr])
})

test('a label at the border is moved into the picture, one on a light colour is black', () => {
  const picture = drawn(64, 48, [
    { kind: 'box', x: 60, y: -5, width: 30, height: 20, colour: [255, 255, 0], label: 'é1' }
  ])
  expect(at(picture, 63, 0)[0]).toBe(219)
  const dark = picture.planes[0].filter(y => y === 16).length
  expect(dark).toBeGreaterThan(10)
})
