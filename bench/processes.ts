import { readdirSync, readFileSync } from 'node:fs'

/** A process, the memory that it has resident and the most that it has had so far: VmRSS and VmHWM, in bytes. */
export interface ProcessMemory {
  pid: number
  command: string
  resident: number
  peak: number
}

/** The processes from `root` downwards, as Linux's /proc has them. */
export const processesOf = (root: number): ProcessMemory[] => {
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => readProcess(Number(pid)) ?? [])
  const ids = new Set([root])
  // A parent may have the higher number.
  for (let before = 0; before < ids.size;) {
    before = ids.size
    for (const { pid, parent } of all) if (ids.has(parent)) ids.add(pid)
  }
  return all.filter(({ pid }) => ids.has(pid))
}

const readProcess = (pid: number) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return {
      pid,
      parent: number('PPid'),
      command,
      resident: number('VmRSS') * 1024,
      peak: number('VmHWM') * 1024
    }
  } catch {
    // It has ended.
    return undefined
  }
}
