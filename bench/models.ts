import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { note, print, printJson } from '../cli/output.ts'
import { formatTable } from '../cli/table.ts'
import { openSession } from '../layers/inference/session.ts'
import { detectionSize, type Size } from '../models/yolox/preprocess.ts'
import { yoloxVariants, type YoloxVariantName } from '../models/yolox/variants.ts'
import { chooseClip, parseCount } from './arguments.ts'
import { openFrame, type Laps } from './frame.ts'
import { describeMachine, machineLine } from './machine.ts'
import { median } from './median.ts'
import { provideNetwork, type Network } from './networks.ts'
import { takePictures } from './pictures.ts'

const variants = Object.keys(yoloxVariants) as YoloxVariantName[]
const large: YoloxVariantName[] = ['l', 'x']
const threadCounts = [1, 2]
/** First runs, in which the runtime lays out its memory and our code is compiled. */
const warmUps = 3

interface Flags {
  only?: YoloxVariantName[]
  all: boolean
  rounds: number
  json: boolean
}

export const addModels = (program: Command) => {
  program
    .command('models [clip]')
    .description("what a clip's frame takes in each network with 1 and 2 threads, and what around it")
    .option(
      '--only <a,b,…>',
      `of ${variants.join(', ')}; default: all but ${large.join(', ')}`,
      parseVariants
    )
    .option('--all', 'the large ones too', false)
    .option('--rounds <n>', 'in each, every network has its turn', parseCount, 15)
    .option('--json', 'as JSON', false)
    .action(async (clip: string | undefined, { only, all, rounds, json }: Flags) => {
      const chosen = only ?? variants.filter(variant => all || !large.includes(variant))
      const machine = describeMachine()
      const { picture, networks } = await measureModels(chooseClip(clip), chosen, rounds)
      if (json) printJson({ machine, picture, rounds, networks })
      else {
        note(machineLine(machine))
        note(`pictures of ${picture.width}x${picture.height}; medians of ${rounds} rounds`)
        print(tableOf(networks))
      }
    })
}

const parseVariants = (text: string) =>
  text.split(',').map(name => {
    const variant = variants.find(variant => variant === name)
    if (!variant) throw new InvalidArgumentError(`${name} is none of ${variants.join(', ')}.`)
    return variant
  })

/** Takes frames of the clip through each variant in turns, `rounds` times, so that a busy machine is so for all. */
export const measureModels = async (clip: string, chosen: YoloxVariantName[], rounds: number) => {
  const scratch = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  await using closing = new AsyncDisposableStack()
  closing.defer(() => rm(scratch, { recursive: true }))
  const { files, ...picture } = await takePictures(clip, 10, scratch)
  const subjects = []
  for (const variant of chosen) {
    const network = await provideNetwork(variant, scratch)
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
  { variant, weights, detector }: Network,
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
