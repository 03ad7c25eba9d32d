import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { z } from 'zod'
import { readyTasks } from '../../tasks/index.ts'

/** What is to be made: for which CPU, which tasks, and which models besides those of the tasks' default options. */
export const assetsRequest = z.strictObject({
  architecture: z.enum(['arm64', 'x64']),
  tasks: z.array(z.string()).min(1),
  models: z.array(z.string())
})
export type AssetsRequest = z.infer<typeof assetsRequest>

/** What a deployment's options ask for, with the defaults of those that are not given. */
export const assetsRequestOf = ({
  architecture = 'arm64',
  tasks = readyTasks,
  models = []
}: Partial<AssetsRequest>): AssetsRequest => ({ architecture, tasks, models })

/** Folders of what is deployed. */
const assets = z.strictObject({
  /** By name. */
  functions: z.record(
    z.enum(['intake', 'plan', 'decode', 'infer', 'render', 'store', 'webhook', 'batch-ended']),
    z.string()
  ),
  layers: z.strictObject({
    media: z.string(),
    inference: z.string(),
    /** By task: the models that fit into a layer. */
    models: z.record(z.string(), z.string())
  }),
  /** A Dockerfile and what it copies. */
  container: z.string(),
  /** Models that no layer takes, by digest: they belong into the model store. */
  stored: z.record(z.string(), z.string())
})
export type Assets = z.infer<typeof assets>

/**
 * Makes all that is deployed, or finds it made. Constructs cannot wait, hence the process.
 * @throws Error where a function with its layers would be too large for Lambda, or a model cannot be built
 */
export const makeAssets = (request: AssetsRequest): Assets => {
  const asked = JSON.stringify(request)
  const found = made.get(asked) ?? make(asked)
  made.set(asked, found)
  return found
}

const made = new Map<string, Assets>()

const make = (asked: string) => {
  const script = path.join(import.meta.dirname, 'build.ts')
  const said = execFileSync(process.execPath, [script, asked], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit']
  })
  return assets.parse(JSON.parse(said))
}
