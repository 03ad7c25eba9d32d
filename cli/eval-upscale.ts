import { InvalidArgumentError, Option, type Command } from 'commander'
import { luma, roundedLuma, type Fidelity } from '../eval/sr/fidelity.ts'
import { findPictures, type TruthPicture } from '../eval/sr/layout.ts'
import { bicubicBaseline, evaluateEnlarging, isMeasurable, meanOf } from '../eval/sr/protocol.ts'
import { Fault } from '../events/faults.ts'
import { print, printJson } from './output.ts'
import { readPicture } from './pictures.ts'
import type { Shell } from './shell.ts'
import { formatTable } from './table.ts'

const evalUpscaleName = 'upscale'

const baselines = { bicubic: bicubicBaseline }

interface Request {
  data: string
  scale: number[]
  baseline: keyof typeof baselines
  roundedLuma: boolean
}

const scales = (text: string): number[] => {
  const numbers = text.split(',').map(Number)
  if (!numbers.every(n => Number.isInteger(n) && n >= 2 && n <= 8))
    throw new InvalidArgumentError('They are whole numbers from 2 to 8 with commas between them.')
  return [...new Set(numbers)]
}

export const addEvalUpscale = (command: Command, shell: Shell) => {
  command
    .command(evalUpscaleName)
    .description(
      'PSNR and SSIM on Y, as the field measures super-resolution, of pictures that are made smaller and enlarged again'
    )
    .requiredOption('--data <folder>', 'pictures of full size, or a data set that has them in HR')
    .addOption(
      new Option('--scale <factors>', 'how many times pictures are enlarged, e.g. 2,3,4')
        .argParser(scales)
        .default([2, 3, 4], '2,3,4')
    )
    .addOption(
      new Option('--baseline <name>', 'what enlarges them')
        .choices(Object.keys(baselines))
        .makeOptionMandatory()
    )
    .option('--rounded-luma', 'take Y in whole numbers, as the MATLAB scripts of older papers do', false)
    .option('--json', 'as JSON', false)
    .action(async (request: Request) => {
      shell.exit = await evalUpscale(request, shell.json)
    })
}

/** @returns the exit code */
const evalUpscale = async (request: Request, json: boolean): Promise<number> => {
  const { data, scale, baseline, roundedLuma: rounded } = request
  const planes = rounded ? roundedLuma : luma
  const places = await findPictures(data)
  const scores = new Map<number, Record<string, Fidelity>>(scale.map(factor => [factor, {}]))
  for (const place of places) {
    const picture = await read(place, Math.max(...scale))
    for (const [factor, pictures] of scores)
      pictures[place.name] = await evaluateEnlarging(picture, factor, planes, baselines[baseline])
  }
  const means = new Map([...scores].map(([factor, all]) => [factor, meanOf(Object.values(all))]))

  if (json)
    printJson({
      baseline,
      luma: rounded ? 'rounded' : 'exact',
      scales: Object.fromEntries(
        [...scores].map(([factor, pictures]) => [factor, { pictures, mean: means.get(factor) }])
      )
    })
  else {
    const row = (name: string, at: (factor: number) => Fidelity) => [
      name,
      ...scale.flatMap(factor => [at(factor).psnr.toFixed(2), at(factor).ssim.toFixed(4)])
    ]
    print(
      formatTable(
        ['', ...scale.flatMap(factor => [`x${factor} PSNR`, 'SSIM'])],
        [
          ...places.map(({ name }) => row(name, factor => scores.get(factor)![name])),
          row('MEAN', factor => means.get(factor)!)
        ]
      )
    )
  }
  return 0
}

/** The picture, large enough for the factor. @throws Fault picture-unsuitable */
const read = async ({ file }: TruthPicture, factor: number) => {
  const picture = await readPicture(file)
  if (isMeasurable(picture, factor)) return picture
  const { width, height } = picture
  throw new Fault('picture-unsuitable', {
    file,
    problem: `${width} x ${height} pixels are too few to be measured at x${factor}`
  })
}
