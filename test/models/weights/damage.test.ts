import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { dice } from '../../dice.ts'
import { describeShared, shared } from '../../shared.ts'
import { faultOf, readAll, testFolder } from './folder.ts'

describeShared('damaged checkpoints', () => {
  const folder = testFolder()
  const dir = shared('weights/fixtures')

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
