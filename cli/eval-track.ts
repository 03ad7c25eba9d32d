import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { evaluateSot } from '../eval/sot/index.ts'
import {
  benchmarkOf,
  findTruths,
  openTruth,
  picturesOf,
  readSequence,
  type Place
} from '../eval/sot/layout.ts'
import type { Sequence } from '../eval/sot/sequence.ts'
import { Fault } from '../events/faults.ts'
import { openWeights } from '../local/weights.ts'
import { modelsAmong } from '../models/catalogue/index.ts'
import type { Tlwh } from '../models/box.ts'
import { completeOptions, taskNamed } from '../tasks/index.ts'
import type { Options } from '../tasks/track/options.ts'
import { benchmarkSettings } from '../tasks/track/systems.ts'
import { addTaskFlags, taskOptions } from './flags.ts'
import { openPictureFollower } from './follow.ts'
import { note, print, printJson } from './output.ts'
import { stopped } from './run.ts'
import { followedTable } from './scores.ts'
import type { Shell } from './shell.ts'

const track = taskNamed('track')

/** Options of the task that are somebody else's to set where a data set says what is followed. */
const free = ['system', 'model', 'searchFactor', 'updateInterval']

export const addEvalTrack = (command: Command, shell: Shell) => {
  const trackCommand = command
    .command(track.name)
    .description(
      'success, precision, AO and more as the official tools compute them, of results or of the trackers themselves'
    )
    .requiredOption('--data <folder>', 'a sequence, a folder of sequences, or LaSOT, GOT-10k or TrackingNet')
    .option('--split <name>', 'the part of the data set, or its list of sequences, e.g. testing_set')
    .option(
      '--results <folder>',
      'measure <sequence>.txt or <sequence>/<sequence>_001.txt in it, and run nothing'
    )
    .option('--out <folder>', 'keep the boxes there, as <sequence>.txt')
    .option('--json', 'all figures and curves of each tool as JSON, and no progress', false)
  addTaskFlags(trackCommand, track, free)
  trackCommand.action(async (asked: Omit<Request, 'options' | 'json'>) => {
    const request = { ...asked, options: taskOptions(trackCommand, track), json: shell.json }
    shell.exit = await evalTrack(request, shell.interruptible())
  })
}

interface Request {
  data: string
  split?: string
  results?: string
  out?: string
  /** Of the task. */
  options: Record<string, unknown>
  json: boolean
}

/** Measures boxes against ground truth. @returns the exit code */
const evalTrack = async (request: Request, signal: AbortSignal): Promise<number> => {
  const { data, split, results, out, options, json } = request
  const idle = [...Object.keys(options), ...(out === undefined ? [] : ['out'])]
  if (results !== undefined && idle.length > 0)
    throw new Fault('usage-wrong', {
      problem: `--results measures what is there already; ${idle.join(', ')} would change nothing`
    })
  const places = await findTruths(data, split)
  const sequences =
    results === undefined
      ? await followAll(places, request, signal)
      : await Promise.all(places.map(place => readSequence(place, results)))
  if (signal.aborted) return stopped()

  const scores = Object.fromEntries(places.map(({ name }, i) => [name, evaluateSot([sequences[i]])]))
  const combined = evaluateSot(sequences)
  if (json) printJson({ sequences: scores, combined })
  else print(followedTable({ ...scores, COMBINED: combined }))
  return 0
}

/**
 * One pass over each sequence, from the box of its first frame, with its benchmark's settings where none are asked for.
 * @returns fewer sequences where the signal stopped it
 */
const followAll = async (
  places: Place[],
  { options: asked, out, json }: Request,
  signal: AbortSignal
): Promise<Sequence[]> => {
  const find = modelsAmong(await openWeights().known())
  const todo = await Promise.all(
    places.map(async place => {
      const truth = await openTruth(place)
      const pictures = await picturesOf(place, truth.boxes.length)
      const options = completeOptions(track, { ...asked, box: truth.boxes[0] }, find) as unknown as Options
      const { variant } = find(options.model)!
      const settings = {
        ...benchmarkSettings(options.system, variant, await benchmarkOf(place)),
        ...asked
      }
      return { place, truth, pictures, model: options.model, settings }
    })
  )
  if (out !== undefined) await mkdir(out, { recursive: true })
  await using follower = await openPictureFollower(todo[0].model)
  const sequences: Sequence[] = []
  for (const { place, truth, pictures, settings } of todo) {
    const start = performance.now()
    const boxes = await follower.follow(pictures, truth.boxes[0], settings, signal)
    if (signal.aborted) break
    const rate = (1000 * pictures.length) / (performance.now() - start)
    // Published figures rest on whole pixels.
    const results = boxes.map(([x, y, w, h]): Tlwh => [
      Math.trunc(x),
      Math.trunc(y),
      Math.trunc(w),
      Math.trunc(h)
    ])
    if (out !== undefined)
      await writeFile(path.join(out, `${place.name}.txt`), results.map(box => `${box.join(',')}\n`).join(''))
    if (!json) note(`${place.name}: ${pictures.length} frames, ${rate.toFixed(1)} a second`)
    sequences.push({ ...truth, results })
  }
  return sequences
}
