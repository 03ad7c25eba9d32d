import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { tensorData } from '../../../models/graph/onnx.ts'
import { decode, encode, type Message } from '../../../models/graph/proto.ts'
import { input1 } from '../../../models/golden/index.ts'
import { runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { temporaryFolder } from './running.ts'

const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map(n => (Number.isSafeInteger(Number(n)) ? Number(n) : n))
const float = fc.float({ noNaN: true })
const bytes = fc.uint8Array()
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 4 })
const some = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] })

const tensor: fc.Arbitrary<Message<'TensorProto'>> = some({
  dims: list(int64),
  dataType: int64,
  floatData: list(float),
  int64Data: list(int64),
  doubleData: list(fc.double({ noNaN: true })),
  uint64Data: list(fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n - 1n })),
  name: fc.string({ unit: 'grapheme' }),
  rawData: bytes,
  externalData: list(some({ key: fc.string(), value: fc.string() }))
})
const attribute: fc.Arbitrary<Message<'AttributeProto'>> = some({
  name: fc.string(),
  f: float,
  i: int64,
  s: bytes,
  t: tensor,
  floats: list(float),
  ints: list(int64),
  strings: list(bytes),
  tensors: list(tensor)
})
const node: fc.Arbitrary<Message<'NodeProto'>> = some({
  input: list(fc.string()),
  output: list(fc.string()),
  opType: fc.string(),
  attribute: list(attribute)
})
const model: fc.Arbitrary<Message<'ModelProto'>> = some({
  irVersion: int64,
  opsetImport: list(some({ domain: fc.string(), version: int64 })),
  graph: some({ node: list(node), initializer: list(tensor), name: fc.string() })
})

describe('protocol buffers', () => {
  test('read what they wrote', () => {
    fc.assert(
      fc.property(model, message => {
        expect(decode('ModelProto', encode('ModelProto', message))).toEqual(message)
      })
    )
  })

  test('have the bytes that the encoding prescribes', () => {
    // 150 as in the encoding's own example, field 2; a string; a negative number in ten bytes
    expect([...encode('OperatorSetIdProto', { domain: 'ai', version: 150 })]).toEqual([
      0x0a, 2, 0x61, 0x69, 0x10, 0x96, 1
    ])
    expect([...encode('OperatorSetIdProto', { version: -2 })]).toEqual([
      0x10,
      0xfe,
      ...new Array<number>(8).fill(0xff),
      1
    ])
    expect([...encode('TensorProto', { dims: [3, 270], floatData: [1] })]).toEqual([
      0x0a, 3, 3, 0x8e, 2, 0x22, 4, 0, 0, 0x80, 0x3f
    ])
  })

  test('take lists of numbers packed and one by one, and skip what they do not know', () => {
    const unpacked = [0x08, 3, 0x08, 4]
    const unknown = [0xfa, 0x07, 2, 1, 1, 0xf8, 0x07, 5, 0xfd, 0x07, 0, 0, 0, 0]
    expect(decode('TensorProto', Uint8Array.from([...unpacked, ...unknown, 0x0a, 2, 5, 6]))).toEqual({
      dims: [3, 4, 5, 6]
    })
  })

  test('refuse what ends too early', () => {
    const whole = encode('TensorProto', { name: 'a tensor', rawData: new Uint8Array(9) })
    const readable = [...whole.keys()].filter(length => {
      try {
        decode('TensorProto', whole.subarray(0, length))
        return true
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        return false
      }
    })
    // Nothing, or the name alone.
    expect(readable).toEqual([0, 10])
  })

  test('never fail otherwise on damaged bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), damaged => {
        try {
          decode('ModelProto', damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      })
    )
  })
})

describeShared('a model that another exporter wrote', () => {
  const dir = temporaryFolder()
  const bytes = () => readFileSync(shared('weights/yolox-nano/yolox_nano.onnx'))

  test('is read, with its tensors', () => {
    const { graph, opsetImport, producerName } = decode('ModelProto', bytes())
    expect(producerName).toBe('pytorch')
    expect(opsetImport).toEqual([{ domain: '', version: 11 }])
    expect(graph!.output![0].name).toBe('output')
    const tensors = graph!.initializer!.map(tensorData)
    expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBeGreaterThan(900_000)
  })

  test('is written again as a model that computes the same', async () => {
    await writeFile(path.join(dir, 'model.onnx'), encode('ModelProto', decode('ModelProto', bytes())))
    const feeds = { images: input1('images', [1, 3, 416, 416]) }
    const again = await runOnnx(dir, feeds)
    await writeFile(path.join(dir, 'model.onnx'), bytes())
    expect(again).toEqual(await runOnnx(dir, feeds))
  })
})
