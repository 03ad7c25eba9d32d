import { describe, expect, it } from 'vitest'
import { checkOf, fill1, readGolden } from '../../../models/golden/index.ts'
import { simplify, type Graph, type TensorData } from '../../../models/graph/index.ts'
import { maxsrGeometry, maxsrGolden } from '../../../models/maxsr/golden.ts'
import { buildMaxsr } from '../../../models/maxsr/network.ts'
import { maxsrVariants, type Factor } from '../../../models/maxsr/variants.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { runIn, temporaryFolder } from '../graph/running.ts'

describeShared('MaxSR, against the golden numbers', () => {
  it.each([
    'maxsr-light-x2-16x16',
    'maxsr-light-x3-12x20',
    'maxsr-light-x4-64x64',
    'maxsr-light-x8-9x9',
    'maxsr-x4-16x25',
    'maxsr-x2-64x64'
  ])('%s', async file => {
    const golden = await readGolden(shared(`golden/maxsr/${file}.json`))
    const stages = await Array.fromAsync(checkOf(golden, [maxsrGolden])(golden, runOnnx))
    expect(stages).toHaveLength(18)
    expect(failures(stages)).toEqual([])
  })

  it('tells a stage that the network has not, a parameter too few and a byte that is another', async () => {
    const golden = await readGolden(shared('golden/maxsr/maxsr-light-x8-9x9.json'))
    const [, ...state] = golden.state as unknown[]
    const { samples, ...bytes } = golden.output_u8 as { samples: [number, number][] }
    const other = {
      ...golden,
      state,
      stages: { nothing: { shape: [1], dtype: 'float32', rms: 1, values: [1] } },
      output_u8: { ...bytes, samples: samples.with(4, [samples[4][0], samples[4][1] + 1]) }
    }
    expect(failures(await Array.fromAsync(maxsrGolden.check(other, runOnnx)))).toEqual([
      expect.objectContaining({ stage: 'parameters', deviation: 1 }),
      expect.objectContaining({ stage: 'nothing', problem: 'the network has no stage of this name' }),
      expect.objectContaining({ stage: 'output_u8', deviation: 1 })
    ])
  })

  it('pads and tiles as it is written', async () => {
    const golden = await readGolden(shared('golden/maxsr/maxsr-geometry.json'))
    const stages = await Array.fromAsync(checkOf(golden, [maxsrGeometry])(golden, runOnnx))
    expect(stages).toHaveLength(4 + 18 + 6)
    expect(failures(stages)).toEqual([])
    const tiles = [{ n: 65, tile: 64, margin: 8, start_keepfrom_keepto: [[0, 0, 65]] }]
    expect(failures(await Array.fromAsync(maxsrGeometry.check({ ...golden, tiles }, runOnnx)))).toMatchObject(
      [{ stage: 'tiles of 64 along 65' }]
    )
  })
})

describe('MaxSR', () => {
  const { maxsr, 'maxsr-light': light } = maxsrVariants
  const size = { width: 9, height: 4 }
  const elements = ({ parameters }: Graph) =>
    parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)

  it.each([
    [2, 10_054_019, 806_595],
    [3, 10_791_939, 910_515],
    [4, 10_644_355, 889_731],
    [8, 11_234_691, 972_867]
  ] as [Factor, number, number][])('has its number of parameters at x%i', (factor, full, small) => {
    expect(elements(buildMaxsr(maxsr, { factor, size }))).toBe(full)
    expect(elements(buildMaxsr(light, { factor, size }))).toBe(small)
  })

  it('has the same parameters at every size', () => {
    const parameters = (width: number, height: number) =>
      buildMaxsr(light, { factor: 2, size: { width, height } }).parameters
    expect(parameters(1, 1)).toEqual(parameters(64, 64))
    expect(parameters(144, 25)).toEqual(parameters(64, 64))
  })

  it('enlarges what is one pixel', async () => {
    const graph = buildMaxsr(light, { factor: 3, size: { width: 1, height: 1 } })
    const lr: TensorData = { dtype: 'float32', shape: [1, 3, 1, 1], data: Float32Array.of(0.2, 0.5, 0.7) }
    const { sr } = await runIn(temporaryFolder())(simplify(graph), fill1(graph.parameters), { lr })
    expect(sr.shape).toEqual([1, 3, 3, 3])
    expect((sr.data as Float32Array).every(Number.isFinite)).toBe(true)
  })

  it('takes no picture whose sides are not squares', () => {
    expect(() => buildMaxsr(light, { factor: 2, size: { width: 16, height: 20 } })).toThrow('no square')
  })
})
