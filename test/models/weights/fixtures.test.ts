import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16
} from '../../../models/graph/half.ts'
import { inspectCheckpoint } from '../../../models/weights/inspect.ts'
import type { StoredDType } from '../../../models/weights/dtypes.ts'
import { describeShared, shared } from '../../shared.ts'
import { fill } from './fill.ts'
import { faultOf } from './folder.ts'

const fixture = (name: string) => shared(`weights/fixtures/${name}`)

/** The numbers that PyTorch stores for `values` in a tensor of this type. */
const stored = (dtype: StoredDType, values: number[]) => {
  const floats = Float32Array.from(values)
  if (dtype === 'float16') return float16ToFloat32(float32ToFloat16(floats))
  if (dtype === 'bfloat16') return bfloat16ToFloat32(float32ToBfloat16(floats))
  return floats
}

const numbersOf = (file: string, name: string) => {
  using checkpoint = openCheckpoint(fixture(file))
  const { dtype, data } = checkpoint.read(name)
  if (dtype === 'float16') return [...float16ToFloat32(data as Uint16Array)]
  if (dtype === 'bfloat16') return [...bfloat16ToFloat32(data as Uint16Array)]
  return Array.from(data, Number)
}

describeShared('checkpoints that PyTorch wrote', () => {
  const { shapes } = JSON.parse(readFileSync(fixture('fixtures.json'), 'utf8')) as {
    shapes: Record<string, number[]>
  }
  const counter = 'net.bn.num_batches_tracked'

  test.each([
    ['zip-plain.pth', 'pytorch-zip', '', '', 'float32'],
    ['legacy-plain.pth', 'pytorch-legacy', '', '', 'float32'],
    ['zip-half.pth', 'pytorch-zip', '', '', 'float16'],
    ['zip-bfloat16.pth', 'pytorch-zip', '', '', 'bfloat16'],
    ['legacy-double.pth', 'pytorch-legacy', '', '', 'float64'],
    ['tracker-zip.pth.tar', 'pytorch-zip', 'net', '', 'float32'],
    ['tracker-legacy.pth.tar', 'pytorch-legacy', 'net', '', 'float32'],
    ['module-prefix.pth', 'pytorch-zip', 'model', 'module.', 'float32'],
    ['deepspeed.pt', 'pytorch-zip', 'module', '', 'float16'],
    ['with-namespace.pth', 'pytorch-zip', 'model', '', 'float32'],
    ['grad-param.pth', 'pytorch-zip', '', '', 'float32'],
    ['torchscript-half.pt', 'torchscript', '', '', 'float16'],
    ['whole-module.pth', 'pytorch-zip', '', '', 'float32'],
    ['evil-reduce.pth', 'pytorch-zip', 'model', '', 'float32'],
    ['plain.safetensors', 'safetensors', '', '', 'float32']
  ] as const)('%s: %s, state dict under "%s", prefix "%s", %s', (file, format, under, stripped, dtype) => {
    using checkpoint = openCheckpoint(fixture(file))
    expect(checkpoint).toMatchObject({ format, under, stripped })
    const tensors = checkpoint.tensors().filter(({ name }) => name !== counter)
    expect(Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]))).toEqual(shapes)
    for (const { name, shape } of tensors) {
      expect(checkpoint.read(name).dtype).toBe(dtype)
      const values = fill(name, shape)
      // the float32 numbers of the rule, widened, are what the float64 file holds
      expect(numbersOf(file, name), name).toEqual([...stored(dtype, values)])
    }
  })

  test.each(['zip-plain.pth', 'legacy-plain.pth', 'plain.safetensors'])(
    '%s: the counter is an int64',
    file => {
      using checkpoint = openCheckpoint(fixture(file))
      expect(checkpoint.read(counter)).toEqual({ dtype: 'int64', shape: [], data: new BigInt64Array([7n]) })
    }
  )

  test('views of one storage are gathered, row-major', () => {
    const base = [...Float32Array.from(fill('base', [6, 8]))]
    const at = (row: number, column: number) => base[row * 8 + column]
    const grid = (rows: number[], columns: number[]) => rows.flatMap(row => columns.map(c => at(row, c)))
    const [r6, r8] = [
      [0, 1, 2, 3, 4, 5],
      [0, 1, 2, 3, 4, 5, 6, 7]
    ]
    const transposed = r8.flatMap(column => r6.map(row => at(row, column)))

    for (const file of ['zip-views.pth', 'legacy-views.pth']) {
      expect(numbersOf(file, 'base')).toEqual(base)
      expect(numbersOf(file, 'transposed')).toEqual(transposed)
      expect(numbersOf(file, 'every_other_column')).toEqual(grid(r6, [0, 2, 4, 6]))
    }
    expect(numbersOf('zip-views.pth', 'rows_2_to_4')).toEqual(grid([2, 3, 4], r8))
    expect(numbersOf('zip-views.pth', 'same_again')).toEqual(base)
    expect(numbersOf('zip-views.pth', 'scalar')).toEqual([at(1, 1)])
    expect(numbersOf('zip-views.pth', 'empty')).toEqual([])
  })

  test('what a file names is listed, not run', () => {
    expect(inspectCheckpoint(fixture('evil-reduce.pth'))).toMatchObject({
      named: ['posix.system'],
      others: [{ key: 'x', is: 'posix.system' }]
    })
    expect(inspectCheckpoint(fixture('tracker-zip.pth.tar')).named).toEqual([
      'lib.train.admin.settings.StatValue',
      'lib.train.admin.settings.Settings'
    ])
    expect(inspectCheckpoint(fixture('with-namespace.pth')).named).toEqual([])
  })

  test('inspecting counts tensors, numbers, bytes and types', () => {
    expect(inspectCheckpoint(fixture('zip-half.pth'))).toMatchObject({
      size: 3097,
      elements: 294,
      bytes: 2 * 293 + 8,
      dtypes: { float16: 7, int64: 1 }
    })
  })

  test('another state dict of the same file can be asked for', () => {
    using checkpoint = openCheckpoint(fixture('tracker-zip.pth.tar'), { under: 'optimizer.state.0' })
    expect(checkpoint.tensors()).toEqual([{ name: 'exp_avg', dtype: 'float32', shape: [4] }])
    expect(faultOf(() => openCheckpoint(fixture('tracker-zip.pth.tar'), { under: 'ema' }))).toBe(
      'weights-key-unknown'
    )
  })

  test.each([
    ['truncated.pth', 'weights-unreadable'],
    ['empty.pth', 'weights-unreadable'],
    ['deep-pickle.pth', 'weights-unreadable'],
    ['lying.safetensors', 'weights-unreadable'],
    ['not-a-checkpoint.pth', 'weights-web-page'],
    ['fixtures.json', 'weights-unreadable'],
    ['.', 'weights-unopenable'],
    ['no-such-file.pth', 'weights-unopenable'],
    ['empty.pth/below-a-file', 'weights-unopenable']
  ])('%s is refused: %s', (file, code) => {
    expect(faultOf(() => openCheckpoint(fixture(file)))).toBe(code)
  })

  test.each(['yolox-nano/yolox_nano_from_onnx.pth', 'clipmill-person-nano/yolox_nano_person.pth'])(
    '%s: all 642 entries are read',
    file => {
      using checkpoint = openCheckpoint(shared(`weights/${file}`))
      const tensors = checkpoint.tensors()
      expect(tensors).toHaveLength(642)
      for (const { name, dtype } of tensors) {
        const { data } = checkpoint.read(name)
        const kind = name.endsWith('num_batches_tracked') ? 'int64' : 'float32'
        expect(dtype, name).toBe(kind)
        expect(Array.from(data, Number).every(Number.isFinite), name).toBe(true)
      }
    }
  )
})
