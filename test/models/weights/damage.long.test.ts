import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { damaged, damagedCopies } from '../../damage.ts'
import { describeShared, shared } from '../../shared.ts'
import { faultOf, readAll, testFolder } from './folder.ts'

/** An archive whose entries' checksums are 0, for none, so that damage to a pickle gets further. */
const withoutChecksums = (bytes: Buffer) => {
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4))
    bytes.writeUInt32LE(0, at + 16)
  return bytes
}

describeShared('damaged checkpoints', () => {
  const folder = testFolder()
  const dir = shared('weights/fixtures')
  const names = readdirSync(dir).filter(name => name !== 'fixtures.json' && name !== 'empty.pth')
  const originals = names.map(name => readFileSync(`${dir}/${name}`))
  const copies = damagedCopies()

  test(
    `${copies.length} copies: each ends within ten seconds, in its tensors or a fault with a code`,
    () => {
      const problems: string[] = []
      const ends = { read: 0, refused: 0 }
      for (const copy of copies) {
        const which = copy % names.length
        const whole = Buffer.from(originals[which])
        const bytes = copy % 2 ? withoutChecksums(whole) : whole
        const path = folder.write('damaged', damaged(bytes, originals[(copy * 7) % names.length], copy))
        const begin = performance.now()
        let problem = ''
        try {
          ends[faultOf(() => readAll(path)) === 'no fault' ? 'read' : 'refused']++
        } catch (error) {
          problem = String(error)
        }
        if (performance.now() - begin > 10_000) problem = 'took more than ten seconds'
        if (problem) problems.push(`CLIPMILL_DAMAGED_FIRST=${copy} (${names[which]}): ${problem}`)
      }
      expect(problems).toEqual([])
      if (copies.length >= 100) {
        expect(ends.refused / copies.length).toBeGreaterThan(0.3)
        expect(ends.read / copies.length).toBeGreaterThan(0.02)
      }
    },
    60_000 + copies.length * 500
  )
})
