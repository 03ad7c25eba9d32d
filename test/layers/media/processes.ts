import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Media processes under a process, ours by default; none where there is no /proc. */
export const mediaProcesses = (parent = process.pid) => {
  if (process.platform !== 'linux') return []
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join('media', 'child')))
}

/** The most memory that a process has held so far, in bytes. */
export const peakMemory = (pid: number) => {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [0, 0]
  return 1024 * Number(kilobytes)
}
