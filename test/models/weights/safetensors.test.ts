import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import type { StoredDType } from '../../../models/weights/dtypes.ts'
import { arrayOf, bytesPerElement } from '../../../models/weights/dtypes.ts'
import type { StoredData } from '../../../models/weights/tensor.ts'
import { writeSafetensors } from '../../../models/weights/write-safetensors.ts'
import { faultOf, testFolder } from './folder.ts'

const folder = testFolder()

const dtypes: StoredDType[] = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int8',
  'uint8',
  'bool',
  'complex64'
]

const tensor = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 })
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((product, n) => product * n, bytesPerElement(dtype))
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes): StoredData => ({ dtype, shape, data: arrayOf(dtype, bytes.slice()) }))
  })

const tensors = fc
  .dictionary(fc.string({ minLength: 1 }), tensor, { minKeys: 1, maxKeys: 8 })
  .map(record => new Map(Object.entries(record).filter(([name]) => name !== '__metadata__')))
  .filter(map => map.size > 0 && ![...map.keys()].every(name => name.startsWith('module.')))

const write = (path: string, values: ReadonlyMap<string, StoredData>, metadata?: Record<string, string>) => {
  const infos = [...values].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
  writeSafetensors(path, infos, name => values.get(name)!, metadata)
}

test('what is written is read again, whatever the names, types and shapes', () => {
  const path = folder.at('round.safetensors')
  fc.assert(
    fc.property(tensors, values => {
      write(path, values)
      using checkpoint = openCheckpoint(path)
      expect(checkpoint.tensors()).toHaveLength(values.size)
      for (const [name, { dtype, shape, data }] of values) {
        const read = checkpoint.read(name)
        expect(read).toMatchObject({ dtype, shape })
        expect(Buffer.from(read.data.buffer).equals(Buffer.from(data.buffer))).toBe(true)
      }
    }),
    { numRuns: 100 }
  )
})

const pair = new Map<string, StoredData>([
  ['b', { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['a', { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1.5, -2) }]
])

test('headers whose length begins like a pickle or an archive', () => {
  for (const length of [0x80, 0x280, 0x4b50]) {
    const path = folder.at('confusing.safetensors')
    const infos = [{ name: 'a', dtype: 'uint8', shape: [1] }] as const
    const padding = length - 56 - '"__metadata__":{"pad":""},'.length
    writeSafetensors(path, infos, () => ({ data: Uint8Array.of(9) }), { pad: ' '.repeat(padding) })
    expect(Number(readFileSync(path).readBigUInt64LE())).toBe(length)
    using checkpoint = openCheckpoint(path)
    expect(checkpoint.read('a').data).toEqual(Uint8Array.of(9))
  }
})

test('wide elements come first and the tensors begin at a multiple of 8', () => {
  const path = folder.at('layout.safetensors')
  write(path, pair, { format: 'pt' })
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE())
  expect(length % 8).toBe(0)
  expect(bytes.toString('utf8', 8, 8 + length).trimEnd()).toBe(
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}'
  )
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 1, 2, 3])
})

test('the order in which tensors are given does not matter', () => {
  write(folder.at('one.safetensors'), pair)
  write(folder.at('two.safetensors'), new Map([...pair].reverse()))
  expect(readFileSync(folder.at('one.safetensors'))).toEqual(readFileSync(folder.at('two.safetensors')))
})

test('a file that cannot be finished does not appear', () => {
  const before = readdirSync(folder.at('.'))
  const infos = [{ name: 'a', dtype: 'float32', shape: [2] }] as const
  expect(() =>
    writeSafetensors(folder.at('half.safetensors'), infos, () => ({ data: new Uint8Array(4) }))
  ).toThrow('a has 4 bytes')
  expect(readdirSync(folder.at('.'))).toEqual(before)
  expect(faultOf(() => write(folder.at('no/such/folder.safetensors'), pair))).toBe('weights-unwritable')
})

test('complex128, which the format lacks, is refused', () => {
  const values = new Map<string, StoredData>([
    ['z', { dtype: 'complex128', shape: [], data: new Float64Array(2) }]
  ])
  expect(faultOf(() => write(folder.at('z.safetensors'), values))).toBe('weights-unsupported')
})

const file = (header: string, data: number) => {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return folder.write('lying.safetensors', Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]))
}
const entry = (shape: string, offsets: string, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`

test.each([
  ['no JSON', '{"a":', 0],
  ['no object', '{}[]', 0],
  ['nothing in it', '{}', 0],
  ['beyond the end', `{"a":${entry('[2]', '[0,8]')}}`, 4],
  ['bytes behind the last', `{"a":${entry('[1]', '[0,4]')}}`, 8],
  ['a hole', `{"a":${entry('[1]', '[4,8]')}}`, 8],
  ['overlapping', `{"a":${entry('[2]', '[0,8]')},"b":${entry('[2]', '[4,12]')}}`, 12],
  ['backwards', `{"a":${entry('[1]', '[4,0]')}}`, 4],
  ['shape against bytes', `{"a":${entry('[3]', '[0,4]')}}`, 4],
  ['negative', `{"a":${entry('[-1]', '[0,4]')}}`, 4],
  ['a fraction', `{"a":${entry('[0.5,2]', '[0,4]')}}`, 4],
  ['overflowing', `{"a":${entry('[4294967296,4294967296,0.0]', '[0,4]')}}`, 4],
  ['infinite', `{"a":${entry('[1e308,1e308]', '[0,4]')}}`, 4],
  ['a name twice', `{"a":${entry('[1]', '[0,4]')},"a":${entry('[1]', '[0,4]')}}`, 4],
  ['a field twice', `{"a":{"dtype":"F64","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4],
  ['no fields', '{"a":{}}', 0],
  ['a list', '{"a":[]}', 0]
])('a header with %s is refused', (_, header, data) => {
  expect(faultOf(() => openCheckpoint(file(header, data)))).toMatch(/weights-un(readable|supported)/)
})

test('an element type that is not read is named', () => {
  expect(faultOf(() => openCheckpoint(file(`{"a":${entry('[4]', '[0,4]', 'F8_E4M3')}}`, 4)))).toBe(
    'weights-unsupported'
  )
})
