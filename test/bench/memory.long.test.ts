import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { measureMemory } from '../../bench/memory.ts'

const street = path.resolve(import.meta.dirname, '../../media/street.mp4')

// Only Linux tells the memory of processes there.
it.skipIf(!existsSync('/proc/self/status'))(
  'a clip five times as long takes no tenth more memory',
  async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
    vi.stubEnv('CLIPMILL_HOME', home)
    onTestFinished(() => rm(home, { recursive: true }))
    const short = await measureMemory(street, 10)
    const long = await measureMemory(street, 60)
    expect(long.frames).toBe(5 * short.frames)
    expect(long.together / short.together).toBeLessThan(1.1)
  },
  300_000
)
