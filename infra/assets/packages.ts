import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root, type Architecture } from './place.ts'

/**
 * Folder of the installed packages for Linux on that CPU: our own where this machine is one, else what `npm ci` installs
 * for it from the same lockfile, once.
 */
export const packagesFor = (architecture: Architecture, cache: string): string => {
  const own = path.join(root, 'node_modules')
  if (process.platform === 'linux' && process.arch === architecture) return own
  const files = ['package.json', 'package-lock.json', '.npmrc']
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(path.join(root, file)))
  const folder = path.join(cache, `packages-${architecture}-${hash.digest('hex').slice(0, 16)}`)
  const installed = path.join(folder, 'node_modules')
  if (existsSync(installed)) return installed

  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    for (const file of files) cpSync(path.join(root, file), path.join(unfinished, file))
    const flags = ['--omit=dev', '--os=linux', `--cpu=${architecture}`, '--libc=glibc']
    execFileSync('npm', ['ci', ...flags], { cwd: unfinished, stdio: ['ignore', 'ignore', 'inherit'] })
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return installed
}
