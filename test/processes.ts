import { spawnSync } from 'node:child_process'

/** Children of a process, ours by default, of whose command line `part` is a part. */
export const childrenOf = (part: string, parent = process.pid) =>
  spawnSync('pgrep', ['-P', String(parent), '-f', part], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number)

export const killChildren = (part: string) => {
  for (const pid of childrenOf(part)) process.kill(pid, 'SIGKILL')
}
