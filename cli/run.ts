import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { exits, Fault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { manifest as manifestSchema, type Manifest } from '../events/manifest.ts'
import { reopen } from '../functions/shared/reopen.ts'
import type { Storage } from '../functions/shared/storage.ts'
import { openBuckets, type Buckets } from '../local/buckets.ts'
import { makeFolder } from '../local/files.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import { openPipeline, type Pipeline } from '../local/pipeline.ts'
import { openWeights } from '../local/weights.ts'
import { modelsAmong } from '../models/catalogue/index.ts'
import { completeOptions, modelsOf, taskNamed, tasks } from '../tasks/index.ts'
import { addTaskFlags, taskOptions } from './flags.ts'
import { wholeNumber } from './numbers.ts'
import { gapLines, note, print, printFault, printJson } from './output.ts'
import { createProgress } from './progress.ts'
import type { Shell } from './shell.ts'
import { sweep } from './sweep.ts'

export const addRun = (program: Command, shell: Shell) => {
  const command = program.command('run').description('run a task over clips on this machine')
  for (const task of Object.values(tasks)) {
    const taskCommand = command
      .command(`${task.name} <clip...>`)
      .description(task.summary)
      .option('--out <folder>', 'where the results go', 'results')
      .option('--max-frames <number>', 'refuse clips that have more frames', wholeNumber)
      .option('--force', 'overwrite results of another job', false)
      .option('--json', 'print what came of it as JSON, and no progress', false)
    addTaskFlags(taskCommand, task)
    taskCommand.action(async (clips: string[], { out, force, maxFrames }: RunFlags) => {
      const options = taskOptions(taskCommand, task)
      const request = { task: task.name, clips, options, out, force, maxFrames, json: shell.json }
      shell.exit = await run(request, shell.interruptible())
    })
  }
  command.on('command:*', ([name]: [string]) => {
    throw new Fault('task-unknown', { task: name, tasks: Object.keys(tasks) })
  })
}

interface RunFlags {
  out: string
  force: boolean
  maxFrames?: number
}

interface RunRequest {
  task: string
  clips: string[]
  options: Record<string, unknown>
  out: string
  force: boolean
  /** Clips that have more are refused. */
  maxFrames?: number | undefined
  json: boolean
}

interface Outcome {
  clip: string
  seconds: number
  folder?: string
  manifest?: Manifest
  error?: Fault
}

const isPartial = ({ manifest }: Outcome) => manifest !== undefined && manifest.missing.length > 0

/** Runs a task over clips and says what came of each. @returns the exit code */
const run = async (request: RunRequest, signal: AbortSignal): Promise<number> => {
  const outcomes = await runClips(request, signal, outcome => {
    if (!request.json) report(outcome)
  })
  if (request.json) {
    const others = request.clips.slice(outcomes.length).map(clip => ({ clip, stopped: true }))
    printJson([...outcomes, ...others])
  }
  if (signal.aborted) return stopped()
  const failed = outcomes.flatMap(({ error }) => error ?? [])
  if (outcomes.some(isPartial) || (failed.length > 0 && failed.length < outcomes.length)) return exits.partial
  return failed[0]?.exit ?? 0
}

/** Says that work was stopped. @returns the exit code */
export const stopped = () => {
  note('stopped; the same command goes on where it was')
  return 130
}

/**
 * Runs a task over clips on this machine, one after the other; one that fails does not stop the others. Work that was
 * stopped, or ended in part, stays in a folder that follows from the request, so that the same request goes on with it.
 * @param ended told of each clip in turn
 * @returns what came of each clip, up to where the signal stopped it
 */
export const runClips = async (
  request: RunRequest,
  signal: AbortSignal,
  ended: (outcome: Outcome) => void = () => undefined
): Promise<Outcome[]> => {
  const task = taskNamed(request.task)
  const findModel = modelsAmong(await openWeights().known())
  const options = completeOptions(task, request.options, findModel)
  const names = nameClips(request.clips)
  await makeFolder(request.out)
  const home = clipmillHome()
  const models = path.join(home, 'models')
  await ensureModels(models, Object.values(modelsOf(task, options)))

  const runs = path.join(home, 'runs')
  await sweep(runs)
  const folder = path.join(runs, runId(task.name, options, request.clips, request.out))
  const progress = request.json ? undefined : createProgress(process.stderr)
  const outcomes: Outcome[] = []
  {
    await using buckets = await openBuckets({ folder })
    const admit = async (job: Job) => {
      if (!request.force) await refuseForeign(folderOf(request, job), job)
      await reopen(buckets, job.id)
      return true
    }
    const announce = progress?.take ?? (() => undefined)
    const { maxFrames } = request
    await using pipeline = await openPipeline({ buckets, folder, models, maxFrames, signal, announce, admit })
    for (const [i, clip] of request.clips.entries()) {
      if (signal.aborted) break
      const outcome = await runOne(buckets, pipeline, request, clip, names[i], signal)
      progress?.end()
      if (signal.aborted) break
      outcomes.push(outcome)
      ended(outcome)
    }
  }
  const goesOn = outcomes.some(outcome => outcome.error?.retry || isPartial(outcome))
  if (!signal.aborted && !goesOn) await rm(folder, { recursive: true, force: true })
  return outcomes
}

/** On one machine results lie in plain folders, without the job's hash. */
const folderOf = ({ out }: RunRequest, { task, name }: Job) => path.join(out, task, name)

const runOne = async (
  { results }: Buckets,
  pipeline: Pipeline,
  request: RunRequest,
  clip: string,
  name: string,
  signal: AbortSignal
): Promise<Outcome> => {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  try {
    await checkFile(clip)
    const { task, options } = request
    const submitted = pipeline.submit(clip, name, [{ task, options: options as Job['options'] }])
    const [{ job, done }] = await unlessAborted(submitted, signal)
    await unlessAborted(done, signal)
    const folder = folderOf(request, job)
    return { clip, seconds: seconds(), folder, manifest: await fetchResults(results, job, folder) }
  } catch (error) {
    return { clip, seconds: seconds(), error: Fault.of(error) }
  }
}

/** @throws Fault clip-missing where it is no file */
export const checkFile = async (clip: string) => {
  const found = await stat(clip).catch(() => undefined)
  if (found?.isFile()) return
  throw new Fault('clip-missing', {
    clip,
    found: !found ? 'nothing' : found.isDirectory() ? 'a folder' : 'no regular file'
  })
}

const unlessAborted = <T>(done: Promise<T>, signal: AbortSignal) =>
  Promise.race([
    done,
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    )
  ])

/** The manifest of the results that a folder holds; undefined where there is none that can be read. */
const readManifest = async (folder: string) => {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')))
  } catch {
    return undefined
  }
}

/** Results of another job are not overwritten unasked. */
const refuseForeign = async (folder: string, job: Job) => {
  const present = await readdir(folder).catch((): string[] => [])
  if (!present.includes('manifest.json')) return
  const manifest = await readManifest(folder)
  if (manifest?.job.id !== job.id) throw new Fault('results-exist', { folder })
}

/** Copies the results out of the store; each file appears whole, the manifest last. */
const fetchResults = async (results: Storage, job: Job, folder: string): Promise<Manifest> => {
  await makeFolder(folder)
  // What another job left here would pass for ours.
  for (const { name } of (await readManifest(folder))?.files ?? [])
    await rm(path.join(folder, path.basename(name)), { force: true })
  const manifest = await results.getJson(`${job.results}manifest.json`, manifestSchema)
  for (const name of [...manifest.files.map(file => file.name), 'manifest.json']) {
    const file = path.join(folder, name)
    await results.download(job.results + name, `${file}.part`)
    await rename(`${file}.part`, file)
  }
  return manifest
}

/** Base names; where two clips have the same, as much of their folders as tells them apart. */
const nameClips = (clips: string[]) => {
  const names = clips.map(clip => path.basename(clip))
  if (new Set(names).size === names.length) return names
  const split = clips.map(clip => path.resolve(clip).split(path.sep))
  const shared = split[0].findIndex((part, i) => split.some(parts => parts[i] !== part))
  return split.map(parts => parts.slice(shared === -1 ? -1 : shared).join('/'))
}

/** Follows from all that is asked for. */
export const runId = (task: string, options: object, clips: string[], out: string) =>
  createHash('sha256')
    .update(JSON.stringify([task, options, [...clips, out].map(file => path.resolve(file))]))
    .digest('hex')
    .slice(0, 16)

const report = (outcome: Outcome) => {
  const { clip, seconds, folder, manifest, error } = outcome
  if (error) {
    printFault(error)
    return
  }
  const { frames, timings, files } = manifest!
  note(`${clip}: ${frames} frames in ${seconds.toFixed(1)} s (${(frames / seconds).toFixed(1)} frames/s)`)
  note(timings.map(timing => `  ${timing.step} ${timing.seconds.toFixed(1)} s`).join('\n'))
  for (const line of gapLines(manifest!)) note(line)
  if (isPartial(outcome)) note('  the same command tries them again')
  for (const { name, format, bytes } of files) note(`  ${name.padEnd(18)} ${format} (${kilobytes(bytes)})`)
  print(`${folder!}/`)
}

const kilobytes = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
