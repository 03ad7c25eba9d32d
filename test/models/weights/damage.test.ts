import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { describeShared, shared } from '../../shared.ts'
import { faultOf, testFolder } from './folder.ts'

/** mulberry32: numbers below `n`, the same for the same seed */
const dice = (seed: number) => (n: number) => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
}

const damages: ((bytes: Buffer, roll: (n: number) => number) => Buffer)[] = [
  (bytes, roll) => bytes.subarray(0, roll(bytes.length)),
  (bytes, roll) => {
    for (let i = 0; i <= roll(8); i++) bytes[roll(bytes.length)] = roll(256)
    return bytes
  },
  (bytes, roll) => {
    const at = roll(bytes.length)
    bytes.subarray(at, at + roll(64)).fill(roll(2) ? 0xff : 0)
    return bytes
  },
  (bytes, roll) => {
    const at = roll(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + roll(32))])
  }
]

/** An archive whose entries' checksums are 0, for none, so that damage to a pickle gets further. */
const withoutChecksums = (bytes: Buffer) => {
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4))
    bytes.writeUInt32LE(0, at + 16)
  return bytes
}

const readAll = (path: string) => {
  using checkpoint = openCheckpoint(path)
  for (const { name } of checkpoint.tensors()) checkpoint.read(name)
}

describeShared('damaged copies', () => {
  const folder = testFolder()
  const dir = shared('weights/fixtures')
  const fixtures = readdirSync(dir).filter(name => name !== 'fixtures.json' && name !== 'empty.pth')

  test('300 of them end in a result or a fault, within ten seconds each', () => {
    const roll = dice(20)
    const ends = { read: 0, refused: 0 }
    for (let i = 0; i < 300; i++) {
      const name = fixtures[i % fixtures.length]
      const damage = damages[roll(damages.length)]
      const bytes = readFileSync(`${dir}/${name}`)
      const path = folder.write(`damaged-${name}`, damage(roll(2) ? withoutChecksums(bytes) : bytes, roll))
      const begin = performance.now()
      const code = faultOf(() => readAll(path))
      expect(performance.now() - begin, `${i}: ${name}`).toBeLessThan(10_000)
      ends[code === 'no fault' ? 'read' : 'refused']++
    }
    expect(ends.refused).toBeGreaterThan(150)
    expect(ends.read).toBeGreaterThan(10)
  })

  test('a changed number in an archive is found by its checksum', () => {
    const bytes = readFileSync(`${dir}/zip-plain.pth`)
    // within data/0, the convolution's weights
    bytes[1000] ^= 1
    const path = folder.write('changed.pth', bytes)
    expect(faultOf(() => openCheckpoint(path))).toBe('no fault')
    expect(faultOf(() => readAll(path))).toBe('weights-unreadable')
  })

  test('random bytes', () => {
    const roll = dice(7)
    for (let i = 0; i < 50; i++) {
      const bytes = Buffer.from(Array.from({ length: 1000 }, () => roll(256)))
      // also behind the beginnings of the known formats
      bytes.set([[0x50, 0x4b, 3, 4], [0x80, 2], [], []][i % 4])
      expect(faultOf(() => openCheckpoint(folder.write('random.pth', bytes)))).toBe('weights-unreadable')
    }
  })
})
