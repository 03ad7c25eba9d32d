import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { note, print, printJson } from '../cli/output.ts'
import { formatTable } from '../cli/table.ts'
import { openSession } from '../layers/inference/session.ts'
import { detectionSize, type Size } from '../models/yolox/preprocess.ts'
import { yoloxVariants, type YoloxVariantName } from '../models/yolox/variants.ts'
import { systemNames, type SystemName } from '../tasks/track/systems.ts'
import { chooseClip, parseCount } from './arguments.ts'
import { openFrame, type Laps } from './frame.ts'
import { describeMachine, machineLine } from './machine.ts'
import { median } from './median.ts'
import { provideDetector, type Detecting } from './networks.ts'
import { resized, takePictures } from './pictures.ts'
import { measureTracker, trackersOf, trackerTable } from './trackers.ts'

const threadCounts = [1, 2]
/** First runs, in which the runtime lays out its memory and our code is compiled. */
const warmUps = 3

const systems = ['yolox', ...systemNames] as const
type System = (typeof systems)[number]

/** Variants of a system, and which of them are measured only where they are named or all are. */
const variantsOf = (system: System): { all: string[]; large: string[] } =>
  system === 'yolox'
    ? { all: Object.keys(yoloxVariants), large: ['l', 'x'] }
    : { all: [...trackersOf(system).keys()], large: ['base-384', 'large-384'] }

interface Flags {
  system: System
  only?: string[]
  all: boolean
  rounds: number
  json: boolean
}

export const addModels = (program: Command) => {
  program
    .command('models [clip]')
    .description("what a clip's frame takes in each network with 1 and 2 threads, and what around it")
    .addOption(new Option('--system <name>', 'whose networks').choices(systems).default('yolox'))
    .option('--only <a,b,…>', 'variants; default: all but large ones', text => text.split(','))
    .option('--all', 'the large ones too', false)
    .option('--rounds <n>', 'in each, every network has its turn', parseCount, 15)
    .option('--json', 'as JSON', false)
    .action(async (clip: string | undefined, { system, only, all, rounds, json }: Flags) => {
      const { all: known, large } = variantsOf(system)
      const odd = only?.find(variant => !known.includes(variant))
      if (odd !== undefined) throw new InvalidArgumentError(`${odd} is none of ${known.join(', ')}.`)
      const chosen = only ?? known.filter(variant => all || !large.includes(variant))
      const machine = describeMachine()
      const show = ({ picture, networks }: { picture: Size; networks: object[] }, table: string) => {
        if (json) printJson({ machine, picture, rounds, networks })
        else {
          note(machineLine(machine))
          note(`pictures of ${picture.width}x${picture.height}; medians of ${rounds} rounds`)
          print(table)
        }
      }
      if (system === 'yolox') {
        const measured = await measureModels(chooseClip(clip), chosen as YoloxVariantName[], rounds)
        show(measured, tableOf(measured.networks))
      } else {
        const measured = await measureTrackers(chooseClip(clip), system, chosen, rounds)
        show(measured, trackerTable(measured.networks))
      }
    })
}

/** The size of pictures for which speeds of trackers are told. */
const broadcast = { width: 1280, height: 720 }

/** Takes frames of the clip through a tracker's variants, one after the other. */
export const measureTrackers = async (clip: string, system: SystemName, chosen: string[], rounds: number) => {
  const scratch = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  await using closing = new AsyncDisposableStack()
  closing.defer(() => rm(scratch, { recursive: true }))
  const pictures = await resized(await takePictures(clip, 2 * rounds, scratch), broadcast)
  const networks = []
  for (const variant of chosen) {
    const weights = trackersOf(system).get(variant)!
    networks.push(await measureTracker(weights, pictures, { threadCounts, rounds, warmUps }, scratch))
  }
  return { picture: broadcast, networks }
}

/** Takes frames of the clip through each variant in turns, `rounds` times, so that a busy machine is so for all. */
export const measureModels = async (clip: string, chosen: YoloxVariantName[], rounds: number) => {
  const scratch = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  await using closing = new AsyncDisposableStack()
  closing.defer(() => rm(scratch, { recursive: true }))
  const { files, ...picture } = await takePictures(clip, 10, scratch)
  const subjects = []
  for (const variant of chosen) {
    const network = await provideDetector(variant, scratch)
    const runs = []
    for (const threads of threadCounts) {
      const session = closing.use(await openSession(network.directory, { threads }))
      runs.push({ threads, take: openFrame(network, session, picture), laps: [] as Laps[] })
    }
    subjects.push({ network, runs })
  }
  for (let round = -warmUps; round < rounds; round++)
    for (const { runs } of subjects)
      for (const { take, laps } of runs) {
        const lap = await take(files[(round + warmUps) % files.length])
        if (round >= 0) laps.push(lap)
      }
  return { picture, networks: subjects.map(({ network, runs }) => summarise(network, picture, runs)) }
}

const summarise = (
  { variant, weights, detector }: Detecting,
  picture: Size,
  runs: { threads: number; laps: Laps[] }[]
) => {
  const { laps } = runs[0]
  const middle = (of: (laps: Laps) => number) => median(laps.map(of))
  return {
    variant,
    weights,
    input: detectionSize(picture.width, picture.height, detector.longSide),
    /** Milliseconds of the network's run by number of threads. */
    forward: runs.map(({ threads, laps }) => ({ threads, ms: median(laps.map(({ forward }) => forward)) })),
    /** Milliseconds around it. */
    decode: middle(({ decode }) => decode),
    letterbox: middle(({ letterbox }) => letterbox),
    handOver: middle(({ handOver }) => handOver),
    postprocess: middle(({ postprocess }) => postprocess),
    /** Shares of the network's run with one thread. */
    shares: {
      letterbox: middle(({ letterbox, forward }) => letterbox / forward),
      decodeAndLetterbox: middle(({ decode, letterbox, forward }) => (decode + letterbox) / forward),
      around: middle(
        ({ decode, letterbox, forward, handOver, postprocess }) =>
          (decode + letterbox + handOver + postprocess) / forward
      )
    }
  }
}

const tableOf = (networks: ReturnType<typeof summarise>[]) => {
  const head = [
    'ms per frame',
    'weights',
    'input',
    ...threadCounts.map(threads => `run, ${threads} thr.`),
    'decode',
    'letterbox',
    'hand over',
    'boxes',
    'letterbox/run',
    'with decode',
    'all/run'
  ]
  const rows = networks.map(network => {
    const { variant, weights, input, forward, decode, letterbox, handOver, postprocess, shares } = network
    const times = [...forward.map(({ ms }) => ms), decode, letterbox, handOver, postprocess]
    return [
      variant,
      weights,
      `${input.width}x${input.height}`,
      ...times.map(ms => ms.toFixed(1)),
      ...[shares.letterbox, shares.decodeAndLetterbox, shares.around].map(percent)
    ]
  })
  return formatTable(head, rows)
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
