/**
 * Makes all that is deployed: `node infra/assets/build.ts '{"architecture":"arm64","tasks":["track-many"],"models":[]}'`
 * fills `build/cloud/<architecture>` and prints as JSON what lies where; sizes go to stderr.
 */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { assetsRequest, type Assets } from './assets.ts'
import { bundle, bundleNames, type BundleName } from './bundles.ts'
import { fillContainer } from './container.ts'
import { layOut, layerKey, packageLayers } from './layers.ts'
import { buildModels, putModels, putNames } from './models.ts'
import { packagesFor } from './packages.ts'
import { root } from './place.ts'
import { settle, sweepSettled } from './settle.ts'
import { checkSizes } from './size.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const { architecture, tasks, models } = assetsRequest.parse(JSON.parse(positionals[0]))

const build = path.join(root, 'build')
const folder = path.join(build, 'cloud', architecture)
const deployed = await buildModels(tasks, models, path.join(build, 'models'))

/** Functions that name models without running them. */
const naming: BundleName[] = ['intake', 'store']
const { gpu, ...functions } = await each(bundleNames, name =>
  settle(path.join(folder, 'functions', name), async to => {
    await bundle(name, to)
    if (naming.includes(name)) putNames(deployed, path.join(to, 'models'))
  })
)
const packages = packagesFor(architecture, build)
const { media, inference } = await each(packageLayers, name =>
  settle(
    path.join(folder, 'layers', name),
    to => layOut(name, architecture, packages, to),
    layerKey(name, architecture)
  )
)
const modelLayers = await each(tasks, task =>
  settle(path.join(folder, 'layers', `models-${task}`), to =>
    putModels(deployed, deployed.layered[task], path.join(to, 'models'))
  )
)
const container = await settle(path.join(folder, 'container'), to =>
  fillContainer(to, gpu, Object.values(modelLayers))
)

const { intake, plan, decode, render, store, infer, webhook, 'batch-ended': batchEnded } = functions
checkSizes({
  intake: [intake],
  plan: [plan, media],
  decode: [decode, media],
  ...Object.fromEntries(tasks.map(task => [`infer ${task}`, [infer, inference, modelLayers[task]]])),
  render: [render, media],
  store: [store, media],
  webhook: [webhook],
  'batch-ended': [batchEnded]
})
for (const name of ['functions', 'layers', '.']) sweepSettled(path.join(folder, name))

const made: Assets = {
  functions,
  layers: { media, inference, models: modelLayers },
  container,
  stored: Object.fromEntries(deployed.stored.map(digest => [digest, path.join(deployed.folder, digest)]))
}
process.stdout.write(JSON.stringify(made))

/** By name, what was made of each. */
async function each<Name extends string>(names: readonly Name[], make: (name: Name) => Promise<string>) {
  const entries = await Promise.all(names.map(async name => [name, await make(name)] as const))
  return Object.fromEntries(entries) as Record<Name, string>
}
