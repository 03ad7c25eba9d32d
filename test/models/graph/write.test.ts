import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSession } from '../../../layers/inference/session.ts'
import { fill1, input1 } from '../../../models/golden/index.ts'
import { build, constant, simplify, writeModel, type Values } from '../../../models/graph/index.ts'
import { decode } from '../../../models/graph/proto.ts'
import { linear } from '../../../models/nn/index.ts'
import { runOnnx } from '../../golden.ts'
import { temporaryFolder } from './running.ts'

const network = () =>
  build(s => {
    const x = s.input('x', 'float32', [1, 300])
    const table = constant(
      'float32',
      [300],
      Float32Array.from({ length: 300 }, (_, i) => i)
    )
    return { y: linear(s.at('fc'), x.add(table).mul(0.5), 5) }
  })

describe('writeModel', () => {
  const dir = temporaryFolder()
  const graph = network()
  const values = fill1(graph.parameters)
  const read = (name: string) => readFileSync(path.join(dir, name))

  test('puts each large tensor at a multiple of 4096 bytes, and small constants inside', async () => {
    await writeModel(graph, values, dir)
    const { initializer } = decode('ModelProto', read('model.onnx')).graph!
    const bytes = read('model.weights')
    const external = initializer!.filter(tensor => tensor.dataLocation === 1)
    expect(
      external.map(({ name, externalData }) => [name, ...externalData!.map(entry => entry.value)])
    ).toEqual([
      ['fc.weight', 'model.weights', '0', '6000'],
      ['fc.bias', 'model.weights', '8192', '20'],
      ['constant.0', 'model.weights', '12288', '1200']
    ])
    expect(initializer!.filter(tensor => tensor.rawData).map(({ dims }) => dims ?? [])).toEqual([[]])
    expect(bytes.length).toBe(12288 + 1200)
    expect(bytes.readFloatLE(8192)).toBe(values.read('fc.bias').data[0])
    expect(bytes.subarray(6000, 8192).every(byte => byte === 0)).toBe(true)
  })

  test('gives the sha256 of both files, which is the same for a graph that is built again', async () => {
    const digest = await writeModel(graph, values, dir)
    const files = createHash('sha256').update(read('model.weights')).update(read('model.onnx'))
    expect(digest).toBe(files.digest('hex'))
    const again = await writeModel(network(), values, path.join(dir, 'again'))
    expect(again).toBe(digest)
    const other: Values = { read: name => input1(name, values.read(name).shape) }
    expect(await writeModel(graph, other, path.join(dir, 'other'))).not.toBe(digest)
  })

  test('writes what the runtime computes with', async () => {
    await writeModel(graph, values, dir)
    const x = input1('x', [1, 300])
    const { y } = await runOnnx(dir, { x })
    const [w, b] = [values.read('fc.weight').data, values.read('fc.bias').data] as [
      Float32Array,
      Float32Array
    ]
    const expected =
      b[1] + (x.data as Float32Array).reduce((sum, v, i) => sum + (v + i) * 0.5 * w[300 + i], 0)
    expect(y.data[1]).toBeCloseTo(expected, 3)
  })

  test('lays out once what several graphs have in common, and apart what only has the same name', async () => {
    // Both take the same layer, transposed by a pass that folds; their constants of one name differ.
    const scaled = (factor: number) =>
      build(s => {
        const x = s.input('x', 'float32', [1, 300])
        const table = constant('float32', [300], new Float32Array(300).fill(factor))
        const weight = s.at('fc').param('weight', [5, 300]).transpose([1, 0]).mul(factor)
        return { y: linear(s.at('head'), x.add(table).matMul(weight), 7) }
      })
    const graphs = { one: simplify(scaled(1)), two: simplify(scaled(2)), again: simplify(scaled(2)) }
    const given = fill1(scaled(1).parameters)
    const folder = path.join(dir, 'several')
    await writeModel(graphs, given, folder)
    const placesOf = (name: string): Record<string, string> => {
      const { graph } = decode('ModelProto', readFileSync(path.join(folder, `${name}.onnx`)))
      const external = graph!.initializer!.filter(tensor => tensor.dataLocation === 1)
      return Object.fromEntries(external.map(tensor => [tensor.name!, String(tensor.externalData![1].value)]))
    }
    const [one, two, again] = [placesOf('one'), placesOf('two'), placesOf('again')]
    expect(again).toEqual(two)
    expect(Object.keys(one)).toEqual(Object.keys(two))
    const shared = Object.keys(one).filter(name => one[name] === two[name])
    // Of the other layer, and of the table, the elements differ.
    expect(shared).toEqual(['head.bias', 'head/Transpose:0'])
    expect(Object.keys(one)).toHaveLength(4)
    const x = input1('x', [1, 300])
    for (const [name, factor] of [
      ['one', 1],
      ['two', 2]
    ] as const) {
      await using session = await openSession(folder, { graph: name, threads: 1 })
      const alone = path.join(dir, `alone-${name}`)
      await writeModel(simplify(scaled(factor)), given, alone)
      const { y } = await session.run({ x: structuredClone(x) })
      expect(y.data).toEqual((await runOnnx(alone, { x })).y.data)
    }
  })

  test('refuses values of another shape', async () => {
    const wrong: Values = { read: name => input1(name, [3]) }
    await expect(writeModel(graph, wrong, dir)).rejects.toThrow(
      'fc.weight is float32 [5, 300], its value float32 [3]'
    )
  })
})
