import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { faultOf, testFolder } from './folder.ts'
import type { Content } from './write-torch.ts'
import { dict, global, pickle, tensor, writeZip } from './write-torch.ts'

const folder = testFolder()

const archive = (root: Uint8Array, ...more: [string, Content][]) =>
  writeZip(folder.at('archive.pth'), [
    ['any name/data.pkl', pickle(root)],
    ...more.map(([name, content]): [string, Content] => [`any name/${name}`, content])
  ])

const view = { key: '0', elements: 6, shape: [2, 3], strides: [3, 1] }
const six = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)

const read = (path: string, name: string) => {
  using checkpoint = openCheckpoint(path)
  return checkpoint.read(name)
}

const openUnder = (path: string, under?: string) => {
  using checkpoint = openCheckpoint(path, { under })
  expect(checkpoint.tensors()).toHaveLength(1)
  return checkpoint.under
}

describe('tensors', () => {
  test('an expanded dimension repeats its elements', () => {
    const path = archive(dict({ a: tensor({ ...view, shape: [2, 2], strides: [0, 1] }) }), ['data/0', six])
    expect(read(path, 'a').data).toEqual(Float32Array.of(1, 2, 1, 2))
  })

  test('a file from a big-endian machine', () => {
    const swapped = Buffer.from(six).swap32()
    const path = archive(dict({ a: tensor(view) }), ['data/0', swapped], ['byteorder', Buffer.from('big')])
    expect([...read(path, 'a').data]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('GPU storages of old versions, complex numbers, strided', () => {
    const complex = { ...view, storage: 'torch.ComplexDoubleStorage', elements: 3, shape: [2], strides: [2] }
    const bytes = new Uint8Array(Float64Array.of(1, 2, 3, 4, 5, 6).buffer)
    const gpu = tensor({ ...view, key: '1', storage: 'torch.cuda.FloatStorage' })
    const path = archive(dict({ z: tensor(complex), gpu }), ['data/0', bytes], ['data/1', six])
    expect(read(path, 'z')).toEqual({ dtype: 'complex128', shape: [2], data: Float64Array.of(1, 2, 5, 6) })
    expect([...read(path, 'gpu').data]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test.each([
    ['reaching beyond the storage', { ...view, offset: 1 }],
    ['with strides beyond the storage', { ...view, strides: [4, 1] }],
    ['with a negative stride', { ...view, strides: [-3, 1] }],
    ['with more strides than dimensions', { ...view, strides: [3, 1, 1] }],
    ['larger than any file', { ...view, shape: [2 ** 40, 2 ** 40], strides: [0, 0] }],
    ['of 65 dimensions', { ...view, shape: Array(65).fill(1), strides: Array(65).fill(1) }],
    ['with a storage longer than its bytes', { ...view, elements: 7 }],
    ['without its storage', { ...view, key: '../0' }]
  ])('a tensor %s is refused', (_, wrong) => {
    const path = archive(dict({ a: tensor(wrong) }), ['data/0', six])
    expect(faultOf(() => openCheckpoint(path))).toBe('weights-unreadable')
  })

  test('a shape is what it was when the tensor was made', () => {
    // the shape is a list, [6], which the pickle then appends a number to
    const made = tensor({ ...view, shape: [], strides: [1] }).toString('latin1')
    const changed = made.replace('(t(', '](K\x06eq\x05(') + 'h\x05J\xff\xff\xff\x7fa0'
    const path = archive(dict({ a: Buffer.from(changed, 'latin1') }), ['data/0', six])
    expect(read(path, 'a').shape).toEqual([6])
  })

  test('quantised tensors are named as such', () => {
    const quantised = Buffer.concat([global('torch._utils._rebuild_qtensor'), Buffer.from('(tR')])
    const path = archive(dict({ a: tensor(view), b: quantised }), ['data/0', six])
    expect(faultOf(() => openCheckpoint(path))).toBe('weights-unsupported')
    const newer = tensor({ ...view, storage: 'torch.QInt8Storage' })
    expect(faultOf(() => openCheckpoint(archive(dict({ a: newer }), ['data/0', six])))).toBe(
      'weights-unsupported'
    )
  })
})

test('a state dict under two keys is known by both', () => {
  const network = Buffer.concat([dict({ a: tensor(view) }), Buffer.from('q\x09')])
  const path = archive(dict({ model: network, ema: Buffer.from('h\x09') }), ['data/0', six])
  expect(openUnder(path)).toBe('model')
  expect(openUnder(path, 'ema')).toBe('ema')
})

test('a checkpoint that is closed is not read', () => {
  const checkpoint = openCheckpoint(archive(dict({ a: tensor(view) }), ['data/0', six]))
  checkpoint[Symbol.dispose]()
  const other = openSync(folder.write('other', six), 'r')
  expect(() => checkpoint.read('a')).toThrow('is closed')
  closeSync(other)
})

describe('archives', () => {
  test('5 GB open at once, and a tensor beyond 4 GB is read', () => {
    const large = tensor({ key: 'large', elements: 1.25e9, shape: [1.25e9], strides: [1] })
    const path = archive(dict({ large, a: tensor(view) }), ['data/large', 5e9], ['data/0', six])
    const begin = performance.now()
    expect([...read(path, 'a').data]).toEqual([1, 2, 3, 4, 5, 6])
    expect(performance.now() - begin).toBeLessThan(1000)
  })

  test('a compressed archive is refused where its content is needed', () => {
    const path = writeZip(folder.at('packed.pth'), [['a/data.pkl', pickle(dict({}))]], { method: 8 })
    expect(faultOf(() => openCheckpoint(path))).toBe('weights-unsupported')
  })

  test('an archive of something else, and one with an entry twice', () => {
    const other = writeZip(folder.at('other.zip'), [['word/document.xml', Buffer.from('<a/>')]])
    expect(faultOf(() => openCheckpoint(other))).toBe('weights-unreadable')
    const twice = archive(dict({ a: tensor(view) }), ['data/0', six], ['data/0', six])
    expect(faultOf(() => openCheckpoint(twice))).toBe('weights-unreadable')
  })

  test.runIf(process.platform === 'linux')('a pipe is no file, and is not waited for', () => {
    execFileSync('mkfifo', [folder.at('pipe.pth')])
    expect(faultOf(() => openCheckpoint(folder.at('pipe.pth')))).toBe('weights-unopenable')
  })
})

test('a state dict pickled with protocol 4', () => {
  const base64 =
    'gASVxwAAAAAAAACMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpQojAF3lIwMdG9yY2guX3V0aWxzlIwSX3JlYnVpbGRfdGVuc29y' +
    'X3YylJOUKCiMB3N0b3JhZ2WUjAV0b3JjaJSMDEZsb2F0U3RvcmFnZZSTlIwBMJSMA2NwdZRLBnSUUUsASwJLA4aUSwNLAYaUiWgCKVKUdJRS' +
    'lIwBdpRoBygoaAhoC2gMaA1LBnSUUUsASwNLAoaUSwFLA4aUiWgCKVKUdJRSlHUu'
  const path = writeZip(folder.at('four.pth'), [
    ['a/data.pkl', Buffer.from(base64, 'base64')],
    ['a/data/0', six]
  ])
  expect([...read(path, 'w').data]).toEqual([1, 2, 3, 4, 5, 6])
  expect([...read(path, 'v').data]).toEqual([1, 4, 2, 5, 3, 6])
})

test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'a file that may not be read (root may read all)',
  () => {
    const path = folder.write('locked.pth', six)
    chmodSync(path, 0)
    expect(faultOf(() => openCheckpoint(path))).toBe('weights-unopenable')
  }
)

describe('modules', () => {
  const build = (cls: string, state: Record<string, Uint8Array>) =>
    Buffer.concat([global(cls), Buffer.from(')\x81', 'latin1'), dict(state), Buffer.from('b')])
  const set = (...names: string[]) =>
    Buffer.concat([
      global('builtins.set'),
      Buffer.from('](' + names.map(name => `V${name}\n`).join('') + 'e\x85R', 'latin1')
    ])

  test('buffers that are not persistent are not in the state dict', () => {
    const layer = build('x.Layer', {
      _parameters: dict({ weight: tensor(view) }),
      _buffers: dict({ kept: tensor(view), cache: tensor(view) }),
      _non_persistent_buffers_set: set('cache'),
      _modules: dict({})
    })
    const path = archive(build('x.Net', { _modules: dict({ layer }) }), ['data/0', six])
    using checkpoint = openCheckpoint(path)
    expect(checkpoint.tensors().map(({ name }) => name)).toEqual(['layer.weight', 'layer.kept'])
    expect(checkpoint.named).toEqual(['x.Net', 'x.Layer'])
  })
})

// each would cost a naive reader time or memory without end
describe('hostile pickles are refused within seconds', () => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  const module = (parts: string) => `cx\nM\n)\x81}(X\x08\0\0\0_modules${parts}ub`
  test.each([
    [
      'a module that contains itself',
      latin(`\x80\x02cx\nM\n)\x81q\0}(X\x08\0\0\0_modules}(X\x01\0\0\0ah\0X\x01\0\0\0bh\0uub.`)
    ],
    [
      'modules that double 60 times',
      latin(
        '\x80\x02' +
          module('}') +
          'q\0' +
          `0${module('}(X\x01\0\0\0ah\0X\x01\0\0\0bh\0u')}q\0`.repeat(60) +
          '.'
      )
    ],
    [
      'a rebuild that rebuilds itself',
      latin('\x80\x02]q\0(ctorch._tensor\n_rebuild_from_type_v2\nq\x01Nh\0Ne0h\x01h\0R.')
    ],
    [
      'a dict made again and again of a long list',
      latin(
        `\x80\x02ccollections\nOrderedDict\nq\x01](${'N'.repeat(1e5)}e\x85q\x00${'h\x01h\x00R0'.repeat(1e5)}N.`
      )
    ],
    ['a million dicts', latin(`\x80\x02${'}'.repeat(1e6)}.`)],
    ['a list nested a million times', latin(`\x80\x02${']'.repeat(1e6)}${'a'.repeat(1e6 - 1)}.`)],
    ['a text longer than the file', latin('\x80\x02X\xff\xff\xff\x7fabc.')],
    ['an integer of 2 GB', latin('\x80\x02\x8b\xff\xff\xff\x7f1.')],
    ['a line without end', latin(`\x80\x02c${'a'.repeat(1e6)}`)],
    ['nothing on the stack', latin('\x80\x02R.')],
    ['something unknown in the memo', latin('\x80\x02h\x05.')],
    ['an unknown opcode', latin('\x80\x02\xff.')],
    ['no end', latin('\x80\x02N')]
  ])('%s', (_, bytes) => {
    const begin = performance.now()
    const path = writeZip(folder.at('hostile.pth'), [['a/data.pkl', bytes]])
    expect(faultOf(() => openCheckpoint(path))).toBe('weights-unreadable')
    expect(performance.now() - begin).toBeLessThan(5000)
  })
})
