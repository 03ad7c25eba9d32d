import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { measureMemory } from '../../bench/memory.ts'

const street = path.resolve(import.meta.dirname, '../../media/street.mp4')

it.skipIf(!existsSync('/proc/self/status'))(
  'a clip six times as long takes no tenth more memory',
  async () => {
    // A small input keeps it short; pictures are as large as ever.
    const flags = ['--detector-size', '160']
    const short = await measureMemory(street, 10, flags)
    const long = await measureMemory(street, 60, flags)
    expect(long.frames).toBeGreaterThanOrEqual(5 * short.frames)
    expect(long.together / short.together).toBeLessThan(1.1)
  },
  180_000
)
