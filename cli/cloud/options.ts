import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { packageRoot } from '../../local/home.ts'

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()).default({}) })

/**
 * The options of a deployment, put together as the CDK does and checked as the app does: those given with -c, over those
 * of the project's cdk.json, over those of the user's own.
 * @param given each `name=value`
 * @throws Fault usage-wrong, deployment-invalid
 */
export const readOptions = async (given: string[]) => {
  const context = {
    ...(await contextOf(path.join(homedir(), '.cdk.json'))),
    ...(await contextOf(path.join(packageRoot, 'cdk.json'))),
    ...Object.fromEntries(given.map(pairOf))
  }
  // What deploys is no part of the command line, so it is loaded where it is needed.
  const { clipmillContext } = await import('../../infra/context.ts')
  const node = { tryGetContext: (name: string) => context[name], getAllContext: () => context }
  return clipmillContext(node as unknown as Parameters<typeof clipmillContext>[0])
}
export type DeployOptions = Awaited<ReturnType<typeof readOptions>>

const wrong = (problem: string) => new Fault('usage-wrong', { problem, command: 'deploy' })

const pairOf = (text: string): [string, string] => {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw wrong(`-c takes name=value, not "${text}"`)
  if (name === 'stackName') throw wrong('the deployment is named with --stack, not with -c stackName')
  return [name, value]
}

/** None where there is no such file. */
const contextOf = async (file: string): Promise<Record<string, unknown>> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return {}
  }
  try {
    return cdkJson.parse(JSON.parse(text)).context
  } catch {
    throw wrong(`${file} is not JSON with a "context"`)
  }
}
