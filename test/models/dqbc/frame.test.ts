import { expect, test } from 'vitest'
import {
  clamped,
  doubled,
  fitted,
  halved,
  meanOf,
  padded,
  toFrame,
  toPicture,
  turned,
  turnedBack,
  type Frame
} from '../../../models/dqbc/frame.ts'

const frame = (rows: number[][]): Frame => ({
  dtype: 'float32',
  shape: [1, 1, rows.length, rows[0].length],
  data: new Float32Array(rows.flat())
})

const rowsOf = ({ data, shape: [, , height, width] }: Frame) =>
  Array.from({ length: height }, (_, y) => Array.from(data.subarray(y * width, (y + 1) * width)))

test('bytes become 0..1, one plane a colour, and are the same again', () => {
  const picture = { data: Uint8Array.of(255, 0, 51, 1, 254, 128), width: 2, height: 1 }
  expect(toFrame(picture).shape).toEqual([1, 3, 1, 2])
  expect(Array.from(toFrame(picture).data)).toEqual(
    [1, 1 / 255, 0, 254 / 255, 0.2, 128 / 255].map(Math.fround)
  )
  expect(toPicture(toFrame(picture))).toEqual(picture)
})

test('bytes are rounded to even and clamped', () => {
  const data = new Float32Array([0.5 / 255 - 1e-4, 0.5 / 255 + 1e-4, -0.1, 1.1, 0.1, 0.9])
  expect(Array.from(toPicture({ dtype: 'float32', shape: [1, 3, 1, 2], data }).data)).toEqual([
    0, 0, 26, 1, 255, 230
  ])
  expect(rowsOf(clamped(frame([[-0.5, 0.25, 1.5]])))).toEqual([[0, 0.25, 1]])
})

test('padding is at the right and at the bottom, and comes off again', () => {
  const small = frame([
    [1, 2, 3],
    [4, 5, 6]
  ])
  expect(rowsOf(padded(small, 4))).toEqual([
    [1, 2, 3, 0],
    [4, 5, 6, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0]
  ])
  expect(fitted(padded(small, 4), { height: 2, width: 3 })).toEqual(small)
  expect(padded(small, 1)).toBe(small)
})

test('turning is counter-clockwise, and back', () => {
  const small = frame([
    [1, 2, 3],
    [4, 5, 6]
  ])
  expect(rowsOf(turned(small))).toEqual([
    [3, 6],
    [2, 5],
    [1, 4]
  ])
  expect(turnedBack(turned(small))).toEqual(small)
})

test('half the size is the mean of 2 x 2, twice the size is bilinear', () => {
  expect(
    rowsOf(
      halved(
        frame([
          [0, 2, 4, 4],
          [2, 4, 4, 8]
        ])
      )
    )
  ).toEqual([[2, 5]])
  expect(rowsOf(doubled(frame([[0, 4]]), 2))).toEqual([
    [0, 2, 6, 8],
    [0, 2, 6, 8]
  ])
})

test('a mean of frames', () => {
  expect(rowsOf(meanOf([frame([[1, 2]]), frame([[3, 8]])]))).toEqual([[2, 5]])
})
