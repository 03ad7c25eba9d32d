import type { Command } from 'commander'
import { meanFidelity, middleFidelity, type MiddleFidelity } from '../eval/vfi/fidelity.ts'
import { findTriplets, resultOf, type Triplet } from '../eval/vfi/layout.ts'
import { Fault } from '../events/faults.ts'
import { openWeights } from '../local/weights.ts'
import { weightsNamed } from '../models/catalogue/index.ts'
import { toFrame, type Frame } from '../models/dqbc/frame.ts'
import { interpolator, type InterpolationOptions } from '../models/dqbc/interpolate.ts'
import type { Size } from '../models/picture.ts'
import { openModel } from './model.ts'
import { note, print, printJson } from './output.ts'
import { stopped } from './run.ts'
import { readPicture } from './pictures.ts'
import type { Shell } from './shell.ts'
import { formatTable } from './table.ts'

const evalInterpolateName = 'interpolate'

interface Request {
  data: string
  split?: string
  results?: string
  model?: string
  augmented: boolean
  halvedFrom?: number
}

export const addEvalInterpolate = (command: Command, shell: Shell) => {
  command
    .command(evalInterpolateName)
    .description(
      'PSNR, SSIM and interpolation error, as the field measures frame interpolation, of results or of the network itself'
    )
    .requiredOption(
      '--data <folder>',
      'Vimeo90K, UCF101, SNU-FILM or Middlebury, or folders with im1.png, im2.png and im3.png'
    )
    .option('--split <name>', 'the part of SNU-FILM: easy, medium, hard or extreme')
    .option('--results <folder>', 'measure <triplet>.png in it, and run nothing')
    .option('--model <name>', 'make the middle frames with these weights')
    .option('--augmented', 'of the model: take the mean of four passes', false)
    .option(
      '--halved-from <px>',
      'of the model: find motion on half the size from this much on; SNU-FILM is measured with 24 (default: never)',
      Number
    )
    .option('--json', 'all digits as JSON, and no progress', false)
    .action(async (request: Request) => {
      shell.exit = await evalInterpolate(request, shell.interruptible(), shell.json)
    })
}

/** Makes or reads the middle of two pictures. */
type Middle = (triplet: Triplet) => Promise<Frame>

/** @returns the exit code */
const evalInterpolate = async (request: Request, signal: AbortSignal, json: boolean): Promise<number> => {
  const { data, split, results, model, augmented, halvedFrom } = request
  if ((results === undefined) === (model === undefined))
    throw wrong('either --results, for what is there already, or --model is needed')
  if (model === undefined && (augmented || halvedFrom !== undefined))
    throw wrong(
      '--results measures what is there already; --augmented and --halved-from would change nothing'
    )
  if (halvedFrom !== undefined && !(halvedFrom >= 0)) throw wrong('--halved-from is a number of pixels')
  const triplets = await findTriplets(data, split)

  await using made = model === undefined ? undefined : await openMiddle(model, { augmented, halvedFrom })
  const middle: Middle =
    made?.middle ?? (async triplet => toFrame(await readPicture(await resultOf(triplet, results!))))
  const scores: Record<string, MiddleFidelity> = {}
  for (const [i, triplet] of triplets.entries()) {
    const truth = await readPicture(triplet.truth)
    const frame = await middle(triplet)
    if (signal.aborted) return stopped()
    refuseSize(triplet.truth, truth, frame)
    scores[triplet.name] = middleFidelity(truth, frame)
    if (!json && made) note(`${triplet.name}: ${i + 1} of ${triplets.length}`)
  }
  const mean = meanFidelity(Object.values(scores))
  if (json) printJson({ triplets: scores, mean })
  else print(table({ ...scores, MEAN: mean }))
  return 0
}

const wrong = (problem: string) => new Fault('usage-wrong', { problem, command: 'eval interpolate' })

const table = (rows: Record<string, MiddleFidelity>) =>
  formatTable(
    ['', 'PSNR', 'SSIM', 'IE'],
    Object.entries(rows).map(([name, { psnr, ssim, ie }]) => [
      name,
      psnr.toFixed(2),
      ssim.toFixed(4),
      ie.toFixed(2)
    ])
  )

const refuseSize = (file: string, { width, height }: Size, { shape: [, , h, w] }: Frame) => {
  if (w !== width || h !== height)
    throw new Fault('picture-unsuitable', {
      file,
      problem: `${width} x ${height} pixels are not ${w} x ${h}`
    })
}

/** Makes middles with a model, floats and not bytes, as the authors measure them. */
const openMiddle = async (model: string, options: InterpolationOptions) => {
  const known = await openWeights().known()
  const { system } = weightsNamed(model, known)
  if (system !== 'dqbc') throw wrong(`${model} is ${system}, which makes no frames`)
  const opened = await openModel(model)
  const { encode, middle } = interpolator(opened.run, options)
  return {
    middle: async ({ first, second }: Triplet) => {
      const [before, after] = [await readPicture(first), toFrame(await readPicture(second))]
      refuseSize(first, before, after)
      return middle(encode(toFrame(before)), encode(after))
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]()
  }
}
