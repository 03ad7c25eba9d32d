import { expect, test } from 'vitest'
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16
} from '../../../models/graph/half.ts'

const half = (value: number) => float32ToFloat16(Float32Array.of(value))[0]
const brain = (value: number) => float32ToBfloat16(Float32Array.of(value))[0]

test.each([
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [65520, 0x7c00],
  [-Infinity, 0xfc00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -24, 0x0002],
  [-0, 0x8000],
  // ties go to the even neighbour
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2 ** -14 - 2 ** -25, 0x0400]
])('%d as a half is %i', (value, bits) => {
  expect(half(value)).toBe(bits)
})

test('every half that is a number survives the way to float32 and back', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter(b => (b & 0x7fff) <= 0x7c00)
  expect(float32ToFloat16(float16ToFloat32(bits))).toEqual(bits)
})

test('bfloat16 is the upper half of float32, rounded to nearest, ties to even', () => {
  expect(brain(1)).toBe(0x3f80)
  expect(brain(1 + 2 ** -8)).toBe(0x3f80)
  expect(brain(1 + 3 * 2 ** -8)).toBe(0x3f82)
  expect(brain(3.4028234663852886e38)).toBe(0x7f80)
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter(b => (b & 0x7fff) <= 0x7f80)
  expect(float32ToBfloat16(bfloat16ToFloat32(bits))).toEqual(bits)
})

test('NaN stays NaN', () => {
  expect(float16ToFloat32(float32ToFloat16(Float32Array.of(NaN)))[0]).toBeNaN()
  expect(bfloat16ToFloat32(float32ToBfloat16(Float32Array.of(NaN)))[0]).toBeNaN()
})
