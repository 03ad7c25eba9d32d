import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { fill1, input1 } from '../../../models/golden/index.ts'
import { build, constant, writeModel, type Values } from '../../../models/graph/index.ts'
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

  test('puts each large tensor at a multiple of 4096 bytes, and small constants inside', async () => {
    const { onnx, weights } = await writeModel(graph, values, dir)
    const { initializer } = decode('ModelProto', readFileSync(onnx)).graph!
    const bytes = readFileSync(weights)
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
    const { onnx, weights, digest } = await writeModel(graph, values, dir)
    const files = createHash('sha256').update(readFileSync(onnx)).update(readFileSync(weights))
    expect(digest).toBe(files.digest('hex'))
    const again = await writeModel(network(), values, path.join(dir, 'again'))
    expect(again.digest).toBe(digest)
    const other: Values = { read: name => input1(name, values.read(name).shape) }
    expect((await writeModel(graph, other, path.join(dir, 'other'))).digest).not.toBe(digest)
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

  test('refuses values of another shape', async () => {
    const wrong: Values = { read: name => input1(name, [3]) }
    await expect(writeModel(graph, wrong, dir)).rejects.toThrow(
      'fc.weight is float32 [5, 300], its value float32 [3]'
    )
  })
})
