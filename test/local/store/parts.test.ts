import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClient, openStorage } from '../../../functions/shared/storage.ts'
import { createDigest } from '../../../local/store/checksums.ts'
import { parseRange } from '../../../local/store/conditions.ts'
import { combineCrcs } from '../../../local/store/crc.ts'
import { compareKeys, SortedMap } from '../../../local/store/sorted.ts'
import { elements, textOf, xmlDocument } from '../../../local/store/xml.ts'
import { credentials, region, startIn, temporaryFolder } from './target.ts'

const anyKey = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc
    .array(fc.constantFrom('a', '/', '.', '..', '%', '%2F', '+', ' ', 'é', '\uffee', '🎬'), { minLength: 1 })
    .map(p => p.join(''))
)
const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

describe('keys', () => {
  test('are ordered as their UTF-8 bytes are', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(bytewise(a, b))
      })
    )
  })

  test('stay sorted while they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyKey, fc.boolean())), steps => {
        const map = new SortedMap<number>()
        const model = new Set<string>()
        for (const [key, add] of steps) {
          if (add) map.set(key, 1)
          else map.delete(key)
          model[add ? 'add' : 'delete'](key)
        }
        const walked: string[] = []
        for (let key = map.first(() => true); key !== undefined;) {
          walked.push(key)
          const last = key
          key = map.first(other => compareKeys(other, last) > 0)
        }
        expect(walked).toEqual([...model].sort(bytewise))
      })
    )
  })

  test('of any kind each have an object of their own, also after a restart', async () => {
    await using folder = await temporaryFolder()
    const keys = new Set(fc.sample(anyKey, { numRuns: 120, seed: 7 }))
    const open = async () => {
      const store = await startIn(folder.dir)
      const client = createClient({ endpoint: store.endpoint, region, credentials })
      return { store, storage: openStorage({ bucket: 'results', client }) }
    }
    const first = await open()
    await Promise.all([...keys].map(key => first.storage.put(key, key, { contentType: 'text/plain' })))
    await first.store.close()
    const { store, storage } = await open()
    const listed: string[] = []
    for await (const { key } of storage.list('')) listed.push(key)
    expect(listed).toEqual([...keys].sort(bytewise))
    for (const key of keys) expect(Buffer.from(await storage.get(key)).toString()).toBe(key)
    await store.close()
  })
})

test('text survives XML', () => {
  fc.assert(
    fc.property(anyKey, key => {
      const xml = xmlDocument('Delete', { Object: [{ Key: key }, { Key: 'other' }], Quiet: true })
      expect(elements(xml, 'Object').map(object => textOf(object, 'Key'))).toEqual([key, 'other'])
      expect(textOf(xml, 'Quiet')).toBe('true')
    })
  )
})

test('elements that never end take no time', () => {
  const started = performance.now()
  for (const part of ['<Part>', '<Part ', '<a:Part>'])
    expect(elements(part.repeat(200_000), 'Part')).toEqual([])
  expect(performance.now() - started).toBeLessThan(2000)
})

// The check values of the CRC catalogue (reveng.sourceforge.io), over the digits 1 to 9.
test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888']
] as const)('%s has the value of the catalogue, in one go or in two', (algorithm, expected) => {
  const whole = createDigest(algorithm)
  whole.update(Buffer.from('123456789'))
  const halves = createDigest(algorithm)
  halves.update(Buffer.from('1234'))
  halves.update(Buffer.from('56789'))
  expect([whole.digest().toString('hex'), halves.digest().toString('hex')]).toEqual([expected, expected])
})

test.each(['crc32', 'crc32c', 'crc64nvme'] as const)('%s of a whole is that of its parts, combined', name => {
  const crcOf = (bytes: Uint8Array) => {
    const digest = createDigest(name)
    digest.update(bytes)
    return digest.digest()
  }
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), parts => {
      const sums = parts.map(part => ({ crc: crcOf(part), size: part.length }))
      expect(combineCrcs(name, sums)).toEqual(crcOf(Buffer.concat(parts)))
    })
  )
})

test('a range lies within the object and has at least a byte, or is refused', () => {
  const end = fc.option(fc.nat(30), { nil: undefined })
  fc.assert(
    fc.property(end, end, fc.nat(20), (first, last, size) => {
      const header = `bytes=${first ?? ''}-${last ?? ''}`
      const bytes = Array.from({ length: size }, (_, i) => i)
      const wanted =
        first === undefined
          ? bytes.slice(-(last ?? 0) || size)
          : bytes.slice(first, last === undefined ? size : last + 1)
      if ((first ?? last) === undefined || (first !== undefined && last !== undefined && first > last))
        expect(parseRange(header, size)).toBeUndefined()
      else if (!wanted.length)
        expect(() => parseRange(header, size)).toThrow(expect.objectContaining({ code: 'InvalidRange' }))
      else expect(parseRange(header, size)).toEqual({ start: wanted[0], end: wanted.at(-1)! + 1 })
    })
  )
})
