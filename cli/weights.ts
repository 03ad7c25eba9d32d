import path from 'node:path'
import type { Command } from 'commander'
import { Fault } from '../events/faults.ts'
import type { Detector } from '../events/model.ts'
import { clipmillHome } from '../local/home.ts'
import { builtDigest, removeModel } from '../local/models.ts'
import { removeParts } from '../local/weights-part.ts'
import { howToGet, openWeights, type WeightsStore } from '../local/weights.ts'
import { modelName } from '../models/catalogue/build.ts'
import { catalogue, weightsNamed, type Weights } from '../models/catalogue/index.ts'
import { systems } from '../models/catalogue/systems.ts'
import { precisions } from '../models/graph/index.ts'
import { tasks } from '../tasks/index.ts'
import { note, print, printJson } from './output.ts'
import { formatTable } from './table.ts'
import { addWeightsGet } from './weights-get.ts'
import type { Shell } from './shell.ts'

/** Commands about the weights that there are and those on this machine. */
export const addWeights = (models: Command, shell: Shell) => {
  models
    .command('ls')
    .description('list all weights, and which of them are on this machine')
    .option('--json', 'as JSON', false)
    .action(async () => {
      await list(shell.json)
    })
  models
    .command('show <name>')
    .description('all that is known of weights: source, licences, classes, how they were verified')
    .option('--json', 'as JSON', false)
    .action(async (name: string) => {
      await show(name, shell.json)
    })
  addWeightsGet(models, shell)
  models
    .command('rm <name...>')
    .description('remove weights and what was built of them; of NAME@int8, the model that was built')
    .option('--json', 'as JSON', false)
    .action(async (names: string[]) => {
      await remove(names, shell.json)
    })
}

const builtModels = () => path.join(clipmillHome(), 'models')

/** What `ls` and `show` say. */
const describe = async (store: WeightsStore, weights: Weights) => {
  const { summary, system, variant, file, source, licence, detector, verified } = weights
  const name = modelName(weights)
  const found = await store.find(weights)
  return {
    name,
    summary,
    tasks: Object.values(tasks).flatMap(task => (task.systems.includes(system) ? [task.name] : [])),
    system,
    variant,
    bytes: found?.bytes ?? ('bytes' in file ? file.bytes : undefined),
    sha256: file.sha256 ?? found?.sha256,
    pinned: file.sha256 !== undefined,
    source,
    licence,
    detector,
    verified,
    installed: found !== undefined,
    path: found?.path,
    from: found?.from,
    model: await builtDigest(builtModels(), name),
    get: found ? undefined : howToGet(weights)
  }
}

const list = async (json: boolean) => {
  const store = openWeights()
  const all = await Promise.all((await store.known()).map(weights => describe(store, weights)))
  if (json) {
    printJson(all)
    return
  }
  const rows = all.map(({ name, tasks, system, variant, bytes, licence, sha256, installed }) => [
    name,
    tasks.join(', '),
    system,
    variant,
    bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`,
    licence.weights,
    sha256?.slice(0, 12) ?? '',
    installed ? 'yes' : ''
  ])
  const head = ['name', 'task', 'system', 'variant', 'size', 'licence', 'sha256', 'installed']
  print(formatTable(head, rows, head.length))
  const without = Object.keys(systems).filter(system => !catalogue.some(weights => weights.system === system))
  for (const system of without)
    note(
      `${system}: no weights are published anywhere; your own: clipmill models import NAME FILE --system ${system} --variant …`
    )
}

const show = async (name: string, json: boolean) => {
  const store = openWeights()
  const about = await describe(store, weightsNamed(name, await store.known()))
  if (json) {
    printJson(about)
    return
  }
  const { detector, licence, sha256, bytes } = about
  const lines = {
    '': about.summary,
    task: about.tasks.join(', '),
    network: `${about.system} ${about.variant}`,
    ...(detector && aboutDetector(detector)),
    size: bytes === undefined ? 'unknown' : `${bytes} bytes`,
    sha256: (sha256 ?? 'unknown') + (about.pinned ? '' : ' (nobody states one)'),
    source: about.source,
    'licence of code': licence.code,
    'licence of weights': licence.weights,
    'licence of data': licence.data,
    verified: about.verified,
    installed: about.installed ? `${about.path!}, from ${about.from!}` : `no; ${about.get!}`,
    'built model': about.model ?? 'none yet'
  }
  print(name)
  for (const [key, value] of Object.entries(lines)) print(`  ${key.padEnd(18)}  ${value}`)
}

const aboutDetector = ({ classes, preprocessing, longSide, scores }: Detector) => ({
  classes:
    classes.length > 8
      ? `${classes.slice(0, 8).join(', ')} and ${classes.length - 8} more`
      : classes.join(', '),
  'pre-processing': preprocessing === 'new' ? 'new: BGR, 0..255' : 'mot: RGB, mean and deviation of ImageNet',
  'long side': `${longSide} px`,
  'score to follow': String(scores.follow)
})

const remove = async (names: string[], json: boolean) => {
  const store = openWeights()
  const known = await store.known()
  const all = names.map(name => weightsNamed(name, known))
  for (const { name, file, precision } of all)
    if (file.kind === 'package' && !precision) throw new Fault('weights-in-package', { model: name })
  const removed: object[] = []
  for (const weights of all) {
    const name = modelName(weights)
    const bytes = weights.precision
      ? await removeModel(builtModels(), name)
      : await removeWeights(store, weights)
    removed.push({ name, removed: bytes !== undefined, bytes: bytes ?? 0 })
    if (!json) print(`${name}  ${bytes === undefined ? 'was not here' : `${bytes} bytes freed`}`)
  }
  if (json) printJson(removed)
}

/** Forgets weights, in all precisions. @returns the bytes of their file, where it was here */
const removeWeights = async (store: WeightsStore, weights: Weights) => {
  const bytes = await store.remove(weights.name)
  await removeParts(path.join(store.folder, 'parts'), weights.name)
  for (const precision of precisions) await removeModel(builtModels(), modelName({ ...weights, precision }))
  return bytes
}
