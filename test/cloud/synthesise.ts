import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { readAssembly } from '../../bench/emulation/assembly.ts'
import { root } from '../e2e/cli.ts'

/** Synthesises the app into `folder`, for this machine's processor, with the given options of a deployment. */
export const synthesise = (folder: string, options: Record<string, unknown> = {}) => {
  const { context } = JSON.parse(readFileSync(path.join(root, 'cdk.json'), 'utf8')) as { context: object }
  const chosen = { ...context, retention: 'destroy', maxParallel: 2, architecture: process.arch, ...options }
  // What the CDK's command line does, which takes much longer to start.
  execFileSync(process.execPath, [path.join(root, 'infra/app.ts')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(chosen) },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  return readAssembly(folder)
}
