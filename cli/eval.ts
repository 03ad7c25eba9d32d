import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Option, type Command } from 'commander'
import { combine, evaluate, type Scores } from '../eval/mot/index.ts'
import { findSequences, type SequenceFolder } from '../eval/mot/layout.ts'
import { benchmarkOf, preprocess } from '../eval/mot/preprocess.ts'
import type { Rows } from '../eval/mot/sequence.ts'
import { readResults, readTruth } from '../eval/mot/text.ts'
import { Fault } from '../events/faults.ts'
import { openMedia } from '../layers/media/index.ts'
import { clipmillHome } from '../local/home.ts'
import { taskNamed } from '../tasks/index.ts'
import { addEvalInterpolate } from './eval-interpolate.ts'
import { addEvalTrack } from './eval-track.ts'
import { addEvalUpscale } from './eval-upscale.ts'
import { addTaskFlags, taskOptions } from './flags.ts'
import { note, print, printJson } from './output.ts'
import { runClips, runId, stopped } from './run.ts'
import { scoresTable } from './scores.ts'
import type { Shell } from './shell.ts'

const trackMany = taskNamed('track-many')

export const addEval = (program: Command, shell: Shell) => {
  const command = program.command('eval').description('measure a task against ground truth')
  const trackManyCommand = command
    .command(trackMany.name)
    .description(
      'HOTA, CLEAR and Identity as the official tool computes them, of tracks or of the task itself'
    )
    .requiredOption('--data <folder>', 'a sequence, a folder of sequences, or a data set')
    .option('--split <name>', 'the part of the data set (default: train)')
    .option('--results <folder>', 'measure <sequence>.txt in it, and run nothing')
    .addOption(
      new Option(
        '--benchmark <name>',
        'whose rules hold (default: MOT15 where truth has its ten columns, else MOT17)'
      ).choices(['MOT15', 'MOT16', 'MOT17', 'MOT20', 'sports'])
    )
    .option('--no-preprocess', 'take all marked truth and all results, whatever class they are of')
    .option('--json', 'all fields as JSON, and no progress', false)
  addTaskFlags(trackManyCommand, trackMany)
  trackManyCommand.action(async (asked: Omit<EvalRequest, 'options'>) => {
    const options = taskOptions(trackManyCommand, trackMany)
    shell.exit = await evalTracks({ ...asked, options, json: shell.json }, shell.interruptible())
  })
  addEvalTrack(command, shell)
  addEvalInterpolate(command, shell)
  addEvalUpscale(command, shell)
  command.on('command:*', ([name]: [string]) => {
    throw new Fault('task-unknown', { task: name, tasks: command.commands.map(one => one.name()) })
  })
}

interface EvalRequest {
  data: string
  split?: string
  results?: string
  benchmark?: string
  preprocess: boolean
  /** Of the task, for what it is run over. */
  options: Record<string, unknown>
  json: boolean
}

/** Measures tracks against ground truth. @returns the exit code */
const evalTracks = async (request: EvalRequest, signal: AbortSignal): Promise<number> => {
  const { data, split, results, options, json } = request
  if (results !== undefined && Object.keys(options).length > 0)
    throw new Fault('usage-wrong', {
      problem: `--results measures what is there already; ${Object.keys(options).join(', ')} would change nothing`
    })
  const sequences = await findSequences(data, split)
  const truths = await Promise.all(sequences.map(({ truth, length }) => readTruth(truth, length)))
  const benchmark = request.benchmark ?? benchmarkOf(truths)
  const found =
    results === undefined
      ? await trackAll(sequences, request, signal)
      : await Promise.all(
          sequences.map(({ name, length }) => readResults(path.join(results, `${name}.txt`), length))
        )
  if (signal.aborted) return stopped()

  const protocol = { benchmark, preprocess: request.preprocess }
  const scores: Record<string, Scores> = Object.fromEntries(
    sequences.map(({ name }, i) => [name, evaluate(preprocess(truths[i], found[i], protocol))])
  )
  const combined = combine(Object.values(scores))
  if (json) printJson({ ...protocol, sequences: scores, combined })
  else {
    note(`by the rules of ${benchmark}`)
    print(scoresTable({ ...scores, COMBINED: combined }))
  }
  return 0
}

/** Runs the task over each sequence's clip. @returns its tracks, of fewer sequences where the signal stopped it */
const trackAll = async (
  sequences: SequenceFolder[],
  request: EvalRequest,
  signal: AbortSignal
): Promise<Rows[]> => {
  const clips = await Promise.all(sequences.map(clipOf))
  await checkLengths(sequences, clips)
  const options = { ...request.options, overlay: false }
  // The name follows from what is asked for, so that stopped work goes on; old ones in this folder are swept out.
  const id = runId(trackMany.name, options, clips, request.data)
  const out = path.join(clipmillHome(), 'runs', `${id}.results`)
  const run = { task: trackMany.name, clips, options, out, force: true, json: request.json }
  const outcomes = await runClips(run, signal)
  for (const { error, manifest } of outcomes) {
    if (error) throw error
    // A part that is missing would be measured as if nobody had been found there.
    for (const { fault } of manifest!.missing) throw Fault.from(fault) ?? new Error(fault.message)
  }
  const tracks = await Promise.all(
    outcomes.map(({ folder }, i) => readResults(path.join(folder!, 'tracks.txt'), sequences[i].length))
  )
  await rm(out, { recursive: true, force: true })
  return tracks
}

const video = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|flv|ogv|wmv)$/i

/** The video of the sequence's name, or the only one there. */
const clipOf = async ({ name, folder }: SequenceFolder) => {
  const videos = (await readdir(folder)).filter(file => video.test(file))
  const [clip, ...others] =
    videos.length === 1 ? videos : videos.filter(file => path.parse(file).name === name)
  if (clip === undefined || others.length > 0)
    throw new Fault('sequence-without-clip', { folder, videos: videos.length })
  return path.join(folder, clip)
}

/** Truth is told frame by frame, so the clips must have all frames of it, and no others. */
const checkLengths = async (sequences: SequenceFolder[], clips: string[]) => {
  await using media = openMedia()
  for (const [i, { length }] of sequences.entries()) {
    const { frames } = (await media.probe(clips[i])).facts.video
    if (frames !== length) throw new Fault('sequence-clip-differs', { clip: clips[i], frames, length })
  }
}
