import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../local/home.ts'
import { killTree, startIn } from './root.ts'

/** What the last stage of a Dockerfile sets; `$PATH` is that of no tools at all. */
const environmentOf = (dockerfile: string) => {
  const [stage] = dockerfile
    .replaceAll('\\\n', ' ')
    .split(/^FROM /m)
    .slice(-1)
  const set = Array.from(stage.matchAll(/^ENV (.*)$/gm), ([, line]) => line.trim().split(/\s+/)).flat()
  return Object.fromEntries(
    set.map(one => {
      const [name, ...value] = one.split('=')
      return [name, value.join('=').replace('$PATH', '/usr/bin')]
    })
  )
}

/**
 * Runs the container as a job does, with the image laid out as its Dockerfile says; the packages are those of this machine.
 * @param folder of the image's asset
 * @returns its exit code, and how to kill it
 */
export const startContainer = (
  image: string,
  command: string[],
  {
    folder,
    environment,
    log
  }: { folder: string; environment: Record<string, string>; log: (text: string) => void }
) => {
  const root = mkdtempSync(path.join(folder, 'container-'))
  const child = startIn(
    {
      folder: root,
      mounts: {
        '/bin/sh': ['/bin/sh'],
        '/var/lang/bin/node': [process.execPath],
        '/var/task': [path.join(image, 'task')],
        '/opt/models': [path.join(image, 'opt/models')],
        '/opt/nodejs/node_modules': [path.join(packageRoot, 'node_modules')],
        '/entry.sh': [path.join(image, 'entry.sh')]
      },
      storageMb: 8192
    },
    ['/bin/sh', '/entry.sh', ...command],
    {
      env: { ...environmentOf(readFileSync(path.join(image, 'Dockerfile'), 'utf8')), ...environment },
      cwd: '/var/task'
    }
  )
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', log)
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    rmSync(root, { recursive: true, force: true })
    return code
  })
  return { ended, kill: () => killTree(child.pid!) }
}
