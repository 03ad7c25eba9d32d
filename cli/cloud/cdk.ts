import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { packageRoot } from '../../local/home.ts'

const binary = path.join(packageRoot, 'node_modules/aws-cdk/bin/cdk')
const app = path.join(packageRoot, 'infra/app.ts')

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
    stdio: ['inherit', process.stderr, 'inherit']
  })
  const [exit] = (await once(child, 'close')) as [number | null]
  if (exit !== 0) throw new Fault('cdk-failed', { command, exit })
}
