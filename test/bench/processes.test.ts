import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { processesOf } from '../../bench/processes.ts'

const grandchild = 'console.log(process.pid), setInterval(() => undefined, 1000)'
/** Holds 100 MB; what it starts says when it is up. */
const child = `
  const filled = Buffer.alloc(100e6, 1)
  require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })
    .once('exit', () => filled)`

// Only Linux tells it so.
it.skipIf(!existsSync('/proc/self/status'))(
  'finds the processes below one, each with the most memory that it has had',
  async () => {
    using parent = spawn(process.execPath, ['-e', child], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(parent.stdout, 'data')
    const found = processesOf(parent.pid!)
    const below = found.filter(({ pid }) => pid !== parent.pid)
    try {
      expect(below.map(({ command }) => command.includes(grandchild))).toEqual([true])
      expect(found.find(({ pid }) => pid === parent.pid)!.peak).toBeGreaterThan(100e6)
      expect(below[0].peak).toBeLessThan(100e6)
      expect(below[0].peak).toBeGreaterThan(10e6)
    } finally {
      for (const { pid } of below) process.kill(pid)
    }
  }
)
