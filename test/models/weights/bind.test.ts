import { expect, test } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { bindWeights } from '../../../models/weights/bind.ts'
import type { StoredData } from '../../../models/weights/tensor.ts'
import { faultOf } from './folder.ts'

const checkpoint = (values: Record<string, StoredData>) => ({
  file: 'nano.pth',
  tensors: () => Object.entries(values).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
  read: (name: string) => values[name]
})
const variant = 'yolox-nano'
const float32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const

const stored = checkpoint({
  'conv.weight': { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  'conv.bias': { dtype: 'float64', shape: [1], data: Float64Array.of(0.1) },
  scale: { dtype: 'bfloat16', shape: [1], data: Uint16Array.of(0x3f80) },
  index: { dtype: 'int64', shape: [1], data: BigInt64Array.of(5n) }
})
const parameters = [
  { name: 'conv.weight', ...float32(2) },
  { name: 'conv.bias', ...float32(1) },
  { name: 'scale', ...float32(1) },
  { name: 'index', dtype: 'int64', shape: [1] }
] as const

test('floating-point numbers become float32, integers stay', () => {
  const values = bindWeights(parameters, stored, variant)
  expect(values.read('conv.weight')).toEqual({ ...float32(2), data: Float32Array.of(1, -2) })
  expect(values.read('conv.bias')).toEqual({ ...float32(1), data: Float32Array.of(0.1) })
  expect(values.read('scale')).toEqual({ ...float32(1), data: Float32Array.of(1) })
  expect(values.read('index')).toEqual({ dtype: 'int64', shape: [1], data: BigInt64Array.of(5n) })
})

test('missing, unused and misshapen are listed together', () => {
  const wanted = [
    { name: 'conv.weight', ...float32(2, 1) },
    { name: 'index', ...float32(1) },
    { name: 'head.weight', ...float32(3) },
    { name: 'scale', ...float32(1) }
  ]
  expect(() => bindWeights(wanted, stored, variant)).toThrow(
    new Fault('weights-mismatch', {
      file: 'nano.pth',
      variant,
      missing: ['head.weight'],
      unused: ['conv.bias'],
      misshapen: [
        'conv.weight: float16 [2] instead of float32 [2, 1]',
        'index: int64 [1] instead of float32 [1]'
      ]
    })
  )
})

test('only the counter of batches may be missing, and is 0', () => {
  const counter = { name: 'bn.num_batches_tracked', dtype: 'int64', shape: [] } as const
  const values = bindWeights([...parameters, counter], stored, variant)
  expect(values.read('bn.num_batches_tracked')).toEqual({
    dtype: 'int64',
    shape: [],
    data: BigInt64Array.of(0n)
  })
  expect(faultOf(() => bindWeights(parameters.slice(1), stored, variant))).toBe('weights-mismatch')
})
