import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { processesOf } from '../processes.ts'

/** What a process sees of the world: folders and files from outside by their place in its root, all of them read-only. */
export interface Root {
  /** An empty folder of our own, in which the root is put together. */
  folder: string
  /** More than one folder for a place are merged there, the last on top. */
  mounts: Record<string, string[]>
  /** Size of /tmp, MB: all that can be written to. */
  storageMb: number
}

/** Whether roots can be made here: it takes Linux and the right to mount. */
export const canMakeRoots = () =>
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

/** The C library and its like, and what looks users up. */
const system = Object.fromEntries(
  [
    '/lib',
    '/lib64',
    '/usr/lib',
    ...['null', 'zero', 'random', 'urandom'].map(device => `/dev/${device}`)
  ].map(place => [place, [place]])
)

/** The user that Lambda runs functions as. */
const user = { name: 'sbx_user1051', uid: 993, gid: 990 }

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Starts a program in a root of its own, without rights, as the first of its process ids: `killTree` ends it and all that
 * it has started. There are no tools in it, no home, and no environment but what is given.
 */
export const startIn = (
  { folder, mounts, storageMb }: Root,
  command: string[],
  { env, cwd }: { env: Record<string, string>; cwd: string }
): ChildProcessByStdio<null, Readable, Readable> => {
  const at = (place: string) => path.join(folder, place)
  chmodSync(folder, 0o755)
  for (const place of ['etc', 'proc', 'tmp', 'dev']) mkdirSync(at(place), { recursive: true })
  writeFileSync(at('etc/passwd'), `${user.name}:x:${user.uid}:${user.gid}::/:/sbin/nologin\n`)

  const steps = [`mount --bind ${quote(folder)} ${quote(folder)}`]
  for (const [place, sources] of Object.entries({ ...system, ...mounts })) {
    const [target, isFile] = [at(place), !statSync(sources[0]).isDirectory()]
    mkdirSync(isFile ? path.dirname(target) : target, { recursive: true })
    if (isFile) writeFileSync(target, '')
    steps.push(
      sources.length > 1
        ? `mount -t overlay -o ro,lowerdir=${sources.toReversed().join(':')} overlay ${quote(target)}`
        : `mount --bind ${quote(sources[0])} ${quote(target)}`
    )
    if (!place.startsWith('/dev/')) steps.push(`mount -o remount,ro,bind ${quote(target)}`)
  }
  steps.push(
    `mount -t proc proc ${quote(at('proc'))}`,
    `mount -t tmpfs -o size=${storageMb}m,mode=1777 tmp ${quote(at('tmp'))}`,
    `mount -o remount,ro,bind ${quote(folder)}`,
    `exec env -u PWD setpriv --clear-groups unshare --root=${quote(folder)} --wd=${cwd} --setgid=${user.gid} --setuid=${user.uid} "$@"`
  )
  const namespaces = ['--mount', '--pid', '--fork']
  return spawn('/usr/bin/unshare', [...namespaces, '/bin/sh', '-c', steps.join(' && '), 'sh', ...command], {
    env,
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

/** Ends what was started in a root. */
export const killTree = (pid: number) => {
  for (const { pid: one } of processesOf(pid))
    try {
      process.kill(one, 'SIGKILL')
    } catch {
      // It has ended.
    }
}
