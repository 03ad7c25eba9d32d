import { readFileSync } from 'node:fs'
import { childrenOf } from '../../processes.ts'

/** Media processes under a process, ours by default; none where there is no /proc. */
export const mediaProcesses = (parent = process.pid) =>
  process.platform === 'linux' ? childrenOf('layers/media/child', parent) : []

/** The most memory that a process has held so far, in bytes. */
export const peakMemory = (pid: number) => {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [0, 0]
  return 1024 * Number(kilobytes)
}
