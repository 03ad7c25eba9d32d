/**
 * Makes all that is deployed: `node infra/assets/build.ts '{"architecture":"arm64","tasks":["track-many"],"models":[]}'`
 * fills `build/cloud/<architecture>` and prints as JSON what lies where; a table of sizes goes to stderr.
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { assetsRequest, type Assets } from './assets.ts'
import { bundle, bundleNames } from './bundles.ts'
import { fillContainer } from './container.ts'
import { layOut } from './layers.ts'
import { putModels } from './models.ts'
import { packagesFor } from './packages.ts'
import { root } from './place.ts'
import { checkSizes } from './size.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const { architecture, tasks, models } = assetsRequest.parse(JSON.parse(positionals[0]))

const build = path.join(root, 'build')
const folder = path.join(build, 'cloud', architecture)
const functions = Object.fromEntries(bundleNames.map(name => [name, path.join(folder, 'functions', name)]))
await Promise.all(bundleNames.map(name => bundle(name, functions[name])))

const packages = packagesFor(architecture, build)
const layer = (name: string) => path.join(folder, 'layers', name)
for (const name of ['media', 'inference'] as const) layOut(name, architecture, packages, layer(name))

const { layers, stored } = await putModels(tasks, models, {
  models: path.join(build, 'models'),
  layer: task => layer(`models-${task}`),
  // They name models without running them.
  named: [functions.intake, functions.store]
})
const { gpu, ...deployed } = functions
const container = path.join(folder, 'container')
fillContainer(container, gpu, Object.values(layers))

checkSizes({
  intake: [deployed.intake],
  webhook: [deployed.webhook],
  ...Object.fromEntries(
    ['plan', 'decode', 'render', 'store'].map(name => [name, [deployed[name], layer('media')]])
  ),
  ...Object.fromEntries(
    Object.entries(layers).map(([task, models]) => [
      `infer ${task}`,
      [deployed.infer, layer('inference'), models]
    ])
  )
})
const made: Assets = {
  functions: deployed as Assets['functions'],
  layers: { media: layer('media'), inference: layer('inference'), models: layers },
  container,
  stored
}
process.stdout.write(JSON.stringify(made))
