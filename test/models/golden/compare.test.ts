import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { checkOf, compare, readGolden } from '../../../models/golden/index.ts'
import type { TensorData } from '../../../models/graph/index.ts'
import { yoloxGolden } from '../../../models/yolox/golden.ts'

const floats = (...numbers: number[]): TensorData => ({
  dtype: 'float32',
  shape: [numbers.length],
  data: Float32Array.from(numbers)
})
const golden = { shape: [3], dtype: 'float32', rms: 2, values: [1, 2, 3] }

describe('compare', () => {
  test('tells the largest deviation, which may be 1e-4 rms + 1e-6', () => {
    const result = compare('head', golden, floats(1, 2.125, 3))
    expect(result).toEqual({ stage: 'head', deviation: 0.125, tolerance: 2e-4 + 1e-6, ok: false })
    expect(compare('head', golden, floats(1, 2.0001, 3)).ok).toBe(true)
    expect(compare('head', { ...golden, values: undefined, samples: [[2, 3]] }, floats(9, 9, 3)).ok).toBe(
      true
    )
  })

  test('wants integers to be equal', () => {
    const ids: TensorData = { dtype: 'int64', shape: [3], data: BigInt64Array.of(1n, 2n, 4n) }
    expect(compare('ids', { ...golden, dtype: 'int64' }, ids)).toMatchObject({ deviation: 1, ok: false })
  })

  test('refuses another shape or type', () => {
    const problem = (actual: TensorData) => {
      const { ok, problem: said } = compare('head', golden, actual)
      return ok ? undefined : said
    }
    const integers: TensorData = { dtype: 'int32', shape: [3], data: Int32Array.of(1, 2, 3) }
    expect(problem(floats(1, 2))).toBe('the shape is [2], not [3]')
    expect(problem(integers)).toBe('the type is int32, not float32')
  })

  test('counts what is no number as a deviation', () => {
    const result = compare('head', golden, floats(1, NaN, 3))
    expect(result).toMatchObject({ ok: false, problem: expect.stringContaining('no number') as string })
    // JSON has no infinity.
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
  })
})

describe('golden files', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'clipmill-golden-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(path.join(dir, name), content)
    return path.join(dir, name)
  }

  test('are read plain and gzipped', async () => {
    const content = JSON.stringify({ system: 'YOLOX', config: {} })
    for (const path of [file('a.json', content), file('a.json.gz', gzipSync(content))])
      expect(await readGolden(path)).toEqual({ system: 'YOLOX', config: {}, path })
  })

  test.each([
    ['no JSON', file('b.json', 'golden')],
    ['neither system nor what they are', file('c.json', '{}')],
    ['nothing', path.join(dir, 'missing.json')]
  ])('that hold %s are a fault', async (_, name) => {
    await expect(readGolden(name)).rejects.toMatchObject({ code: 'golden-unreadable' })
  })

  test('of no form that is known are a fault', () => {
    const matcher = { code: 'golden-unknown' }
    expect(() => checkOf({ system: 'RAFT', path: 'raft.json' }, [yoloxGolden])).toThrow(
      expect.objectContaining(matcher)
    )
  })

  test.each([
    ['have sizes that do not suit the network', [1, 3, 70, 90], { decoded: golden }],
    ['have nothing to compare with', [1, 3, 64, 96], {}]
  ])('that %s are a fault which names the file', async (_, shape, outputs) => {
    const run = () => Promise.reject(new Error('nothing is run'))
    const odd = {
      path: 'odd.json',
      system: 'YOLOX',
      config: { depth: 0.33, width: 0.25, depthwise: true, num_classes: 1 },
      parameters: [],
      inputs: { image: { name: 'image', shape, rule: 'input-1' } },
      outputs
    }
    await expect(yoloxGolden.check(odd, run)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'golden-unreadable',
      details: { golden: 'odd.json' }
    })
  })
})
