import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { root, temporaryFolder } from './cli.ts'

it('the packed package runs the demo below node_modules, where Node strips no types', () => {
  const [folder, out, home] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: root, encoding: 'utf8' })
  npm('run', 'package', '--', '--pack-destination', folder)
  const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))!
  execFileSync('tar', ['xzf', path.join(folder, tarball)], { cwd: folder })

  // The dependencies of this checkout stand in for those that npm would install.
  const modules = path.join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(path.join(root, 'node_modules')))
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  cpSync(path.join(folder, 'package'), path.join(modules, 'clipmill'), { recursive: true })

  const clipmill = (...args: string[]) =>
    execFileSync(process.execPath, [path.join(modules, 'clipmill/cli/clipmill.js'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, CLIPMILL_HOME: home }
    })
  const clip = path.join(modules, 'clipmill/media/street.mp4')
  expect(JSON.parse(clipmill('run', 'track-many', clip, '--out', out, '--json'))).toMatchObject([
    { clip, manifest: { frames: 120 } }
  ])
}, 180_000)
