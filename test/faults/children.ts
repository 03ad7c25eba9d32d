import { spawnSync } from 'node:child_process'

/** Kills this process's children of whose command line `part` is a part. */
export const killChildren = (part: string) => {
  const { stdout } = spawnSync('pgrep', ['-P', String(process.pid), '-f', part], { encoding: 'utf8' })
  const pids = stdout.split('\n').filter(Boolean).map(Number)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
}
