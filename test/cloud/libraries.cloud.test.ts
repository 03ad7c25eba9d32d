import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Assembly } from '../../bench/emulation/assembly.ts'
import { synthesise } from './synthesise.ts'

/** What Amazon Linux 2023 has, on which Lambda runs Node 24: glibc 2.34 and the C++ library of GCC 11. */
const newest: Record<string, number[]> = { GLIBC: [2, 34], GLIBCXX: [3, 4, 29], CXXABI: [1, 3, 13] }

const isNewer = (a: number[], b: number[]) => {
  const differing = a.findIndex((part, i) => part !== (b[i] ?? 0))
  return differing >= 0 && a[differing] > (b[differing] ?? 0)
}

let folder: string
let assembly: Assembly
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'clipmill-synth-'))
  assembly = synthesise(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('native code in the layers asks for no newer C libraries than Lambda has', () => {
  const layers = new Set(Object.values(assembly.functions).flatMap(({ layers }) => layers))
  const files = [...layers].flatMap(layer => globSync(`${layer}/**/*.{node,so,so.*}`))
  expect(files.length).toBeGreaterThan(2)
  const tooNew = files.flatMap(file =>
    Array.from(
      readFileSync(file, 'latin1').matchAll(/\0(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)(?=\0)/g),
      ([, library, version]) => [library, version]
    )
      .filter(([library, version]) => isNewer(version.split('.').map(Number), newest[library]))
      .map(found => [path.basename(file), ...found].join(' '))
  )
  expect([...new Set(tooNew)]).toEqual([])
})
