import { describe, expect, test } from 'vitest'
import { fill1, input1, inputU8 } from '../../../models/golden/index.ts'

const fill = (name: string, shape: number[]) => [
  ...fill1([{ name, shape, dtype: 'float32' }]).read(name).data
]

// The check values that come with the golden files.
describe('filling by rule', () => {
  test('fill-1 of a weight', () => {
    expect(fill('head.weight', [2, 3])).toEqual([
      -0.8742992877960205, -0.5235757827758789, 0.212274432182312, 0.09054523706436157, 0.14094170928001404,
      -0.6492448449134827
    ])
  })

  test('fill-1 of a bias', () => {
    expect(fill('head.bias', [3])).toEqual([0.05938086286187172, 0.07316401600837708, 0.0628708004951477])
  })

  test('fill-1 of norms and their statistics', () => {
    const within = (numbers: (number | bigint)[], from: number, to: number) =>
      numbers.every(v => Number(v) >= from && Number(v) <= to)
    expect(within(fill('bn.weight', [99]), 0.9, 1.1)).toBe(true)
    expect(within(fill('bn.running_var', [99]), 0.5, 1.5)).toBe(true)
    expect(within(fill('bn.running_mean', [99]), -0.1, 0.1)).toBe(true)
    const counter = { name: 'bn.num_batches_tracked', shape: [], dtype: 'int64' } as const
    expect(fill1([counter]).read(counter.name)).toEqual({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(0n)
    })
  })

  test('input-1 spans -1.7 to 1.7', () => {
    const { data } = input1('image', [1000])
    expect(Math.max(...(data as Float32Array))).toBeCloseTo(1.7, 2)
    expect(Math.min(...(data as Float32Array))).toBeCloseTo(-1.7, 2)
  })

  test('input-u8', () => {
    expect([...inputU8('frame', [4]).data]).toEqual([233, 215, 74, 30])
  })
})
