import { Option, type Command } from 'commander'
import { Fault } from '../events/faults.ts'
import { licenceWords } from '../events/model.ts'
import { problemsOf } from '../events/problems.ts'
import { importOwnWeights, importWeights, pullWeights } from '../local/weights-get.ts'
import { openWeights, ownWeights, type OwnWeights } from '../local/weights.ts'
import { cocoClasses } from '../models/catalogue/coco.ts'
import { catalogue, weightsNamed } from '../models/catalogue/index.ts'
import { systems, type System } from '../models/catalogue/systems.ts'
import { note, print, printFault, printJson } from './output.ts'
import { stopped } from './run.ts'
import type { Shell } from './shell.ts'

const acceptUnpinned = [
  '--accept-unpinned',
  'take a file for which nobody states a checksum; the one that it has is kept',
  false
] as const

/** The system of own weights of which none is stated. */
const usual: System = 'yolox'

/** Commands that bring weights to this machine. */
export const addWeightsGet = (models: Command, shell: Shell) => {
  models
    .command('pull <name...>')
    .description('get weights; CLIPMILL_MIRROR names an address or a folder that has them, too')
    .option(...acceptUnpinned)
    .option('--json', 'as JSON, and no progress', false)
    .action(async (names: string[], flags: { acceptUnpinned: boolean }) => {
      shell.exit = await pull(names, flags, shell.interruptible(), shell.json)
    })
  models
    .command('import <name> <file>')
    .description(
      'take a checkpoint that is here: a file of the catalogue, or your own under a name of its own'
    )
    .option(...acceptUnpinned)
    .addOption(
      new Option('--system <system>', `of your own: the network (default: ${usual})`).choices(
        Object.keys(systems)
      )
    )
    .option('--variant <variant>', 'of your own: the size of the network, e.g. s')
    .option(
      '--classes <a,b,…>',
      'of your own detector: in the order of the outputs; "coco" stands for its 80'
    )
    .option(
      '--preprocessing <new|mot>',
      'of your own detector: new is BGR 0..255, mot is RGB with mean and deviation'
    )
    .option('--long-side <px>', 'of your own detector: long side of the input, a multiple of 32', Number)
    .option('--score <number>', 'of your own detector: from which score on a detection is followed', Number)
    .option('--licence <text>', 'of your own', 'unknown')
    .option('--json', 'as JSON', false)
    .action(async (name: string, file: string, flags: ImportFlags) => {
      await take(name, file, flags, shell.json)
    })
}

/** @returns the exit code: that of the first that failed */
const pull = async (
  names: string[],
  { acceptUnpinned }: { acceptUnpinned: boolean },
  signal: AbortSignal,
  json: boolean
): Promise<number> => {
  const store = openWeights()
  const known = await store.known()
  const all = names.map(name => weightsNamed(name, known))
  const mirror = process.env.CLIPMILL_MIRROR
  const outcomes: object[] = []
  let exit = 0
  for (const weights of all) {
    const { name } = weights
    const progress = json ? undefined : pullProgress(name)
    try {
      if (!json && !(await store.find(weights))) note(`${name}: licence: ${licenceWords(weights.licence)}`)
      const options = { acceptUnpinned, mirror, signal, progress: progress?.take ?? (() => undefined) }
      const { fetched, ...found } = await pullWeights(store, weights, options)
      progress?.end()
      outcomes.push({ name, fetched, ...found })
      if (!json) print(`${name}  ${found.sha256}  ${fetched ? `from ${found.from}` : 'is here already'}`)
    } catch (error) {
      progress?.end()
      if (signal.aborted) return stopped()
      const fault = Fault.of(error)
      exit ||= fault.exit
      outcomes.push({ name, error: fault })
      if (!json) printFault(fault)
    }
  }
  if (json) printJson(outcomes)
  return exit
}

/** Bytes on one line of a terminal, or, where there is none, in a line every five seconds. */
const pullProgress = (name: string) => {
  const { stderr } = process
  let shownAt = performance.now() - (stderr.isTTY ? 1000 : 0)
  let shown = false
  return {
    take: (done: number, total: number | undefined) => {
      if (performance.now() - shownAt < (stderr.isTTY ? 100 : 5000) && done !== total) return
      shownAt = performance.now()
      const of =
        total === undefined ? '' : ` of ${total} bytes, ${Math.floor((100 * done) / Math.max(1, total))} %`
      const line = `${name}  ${done}${of}`
      stderr.write(stderr.isTTY ? `\r\u001b[2K${line}` : `${line}\n`)
      shown = true
    },
    end: () => {
      if (shown && stderr.isTTY) stderr.write('\n')
    }
  }
}

interface ImportFlags {
  acceptUnpinned: boolean
  system?: System
  variant?: string
  classes?: string
  preprocessing?: string
  longSide?: number
  score?: number
  licence: string
}

const take = async (name: string, file: string, flags: ImportFlags, json: boolean) => {
  const store = openWeights()
  const official = catalogue.find(weights => weights.name === name)
  if (official) refuseStated(name, flags)
  const found = official
    ? await importWeights(store, official, file, flags)
    : await importOwnWeights(store, name, file, statedOf(name, flags))
  if (json) printJson({ name, ...found })
  else print(`${name}  ${found.sha256}  ${found.bytes} bytes`)
}

const ownFlags = {
  system: '--system',
  variant: '--variant',
  classes: '--classes',
  preprocessing: '--preprocessing',
  longSide: '--long-side',
  score: '--score'
} as const
type OwnFlag = keyof typeof ownFlags

const ofDetectors: OwnFlag[] = ['classes', 'preprocessing', 'longSide', 'score']

const namesOf = (flags: OwnFlag[]) => flags.map(flag => ownFlags[flag]).join(', ')

const givenOf = (among: OwnFlag[], flags: ImportFlags) => among.filter(flag => flags[flag] !== undefined)

/** What the catalogue says of its weights is not for anybody to say otherwise. */
const refuseStated = (name: string, flags: ImportFlags) => {
  const given = givenOf(Object.keys(ownFlags) as OwnFlag[], flags)
  if (given.length > 0)
    throw new Fault('usage-wrong', {
      problem: `${name} is in the catalogue, so ${namesOf(given)} cannot be given; your own weights need another name`
    })
}

/** Nothing that a network was trained with has a default: with a wrong guess it would find nothing, silently. */
const statedOf = (name: string, flags: ImportFlags): OwnWeights => {
  const { system = usual, variant, classes, preprocessing, longSide, score: follow, licence: weights } = flags
  const { codeLicence, detects } = systems[system]
  const needed: OwnFlag[] = ['variant', ...(detects ? ofDetectors : [])]
  const lacking = needed.filter(flag => flags[flag] === undefined)
  if (lacking.length > 0)
    throw new Fault('usage-wrong', {
      problem: `${name} is not in the catalogue (clipmill models ls); weights of your own need ${namesOf(lacking)}${
        flags.system ? '' : `; those of another network than ${usual} need --system`
      }`
    })
  const foreign = givenOf(ofDetectors, flags)
  if (!detects && foreign.length > 0)
    throw new Fault('usage-wrong', {
      problem: `${system} is no detector, so ${namesOf(foreign)} cannot be given`
    })
  const detector = {
    classes: classes === 'coco' ? cocoClasses : classes?.split(',').map(one => one.trim()),
    preprocessing,
    longSide,
    scores: { follow }
  }
  const stated = ownWeights.safeParse({
    system,
    variant,
    ...(detects && { detector }),
    licence: { code: codeLicence, weights, data: 'unknown' }
  })
  if (stated.success) return stated.data
  throw new Fault('usage-wrong', { problem: problemsOf(stated.error).join('; ') })
}
