import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { Fault } from '../../events/faults.ts'
import { packageRoot } from '../../local/home.ts'
import { note } from '../output.ts'

const binary = path.join(packageRoot, 'node_modules/aws-cdk/bin/cdk')
const app = path.join(packageRoot, 'infra/app.ts')

/** Lines of what the CDK said that a fault keeps. */
const lastWords = 20

/** @throws Fault infra-missing where this is not a clone of the repository */
export const requireInfra = () => {
  if (!existsSync(app) || !existsSync(binary)) throw new Fault('infra-missing', { folder: packageRoot })
}

/**
 * Runs the CDK's command line with the project's cdk.json. What it says goes to stderr.
 * @param context `name=value`, each as a person gives it after -c
 * @throws Fault infra-missing, cdk-failed
 */
export const runCdk = async (command: string, args: string[], stack: string, context: string[] = []) => {
  requireInfra()
  const given = [...context, `stackName=${stack}`].flatMap(value => ['-c', value])
  const child = spawn(process.execPath, [binary, command, ...args, ...given], {
    cwd: packageRoot,
    // It asks questions on its stdout, where that is a terminal, and only `deploy` may have one.
    stdio: ['inherit', command === 'deploy' ? process.stderr : 'pipe', 'pipe']
  })
  const said: string[] = []
  const hear = async (stream: Readable | null) => {
    if (stream === null) return
    for await (const line of createInterface({ input: stream })) {
      note(line)
      said.push(stripVTControlCharacters(line).trimEnd())
    }
  }
  const heard = [child.stdout, child.stderr].map(hear)
  const [exit] = (await once(child, 'close')) as [number | null]
  await Promise.all(heard)
  if (exit !== 0)
    throw new Fault('cdk-failed', { command, exit, said: said.filter(Boolean).slice(-lastWords) })
}
