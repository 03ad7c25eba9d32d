import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { note, print, printJson } from '../cli/output.ts'
import { formatTable } from '../cli/table.ts'
import { frameTable } from '../events/clip.ts'
import { keys } from '../functions/shared/keys.ts'
import { bucketNames, openBuckets, type Buckets } from '../local/buckets.ts'
import { packageRoot } from '../local/home.ts'
import { openPipeline } from '../local/pipeline.ts'
import { taskNamed } from '../tasks/index.ts'
import { chooseClip, parseCount } from './arguments.ts'
import { defaultModels } from './default-models.ts'
import type { DeployedFunction } from './emulation/assembly.ts'
import { startGateway } from './emulation/gateway.ts'
import { emulate } from './emulation/lambda.ts'
import { describeMachine, machineLine } from './machine.ts'
import { median } from './median.ts'

interface Flags {
  task: string
  memory: number
  runs: number
  json: boolean
}

export const addColdStart = (program: Command) => {
  program
    .command('cold-start [clip]')
    .description(
      'from the start of the deployed `infer` to its first row of results, laid out as Lambda does (Linux)'
    )
    .option('--task <name>', 'with its default model', 'track-many')
    .option('--memory <MB>', 'of the function; it runs as many threads as that buys', parseCount, 3538)
    .option('--runs <n>', 'each in an environment of its own', parseCount, 7)
    .option('--json', 'as JSON', false)
    .action(async (clip: string | undefined, { task, memory, runs, json }: Flags) => {
      const machine = describeMachine()
      const starts = await measureStarts(chooseClip(clip), task, memory, runs)
      const phases = Object.fromEntries(
        phaseNames.map(name => [name, median(starts.map(start => start[name]))])
      ) as ColdStart
      if (json) printJson({ machine, runs, phases, all: starts })
      else {
        note(machineLine(machine))
        note(`medians of ${runs} cold starts with ${memory} MB`)
        print(
          formatTable(
            ['phase', 'seconds'],
            phaseNames.map(name => [name, phases[name].toFixed(3)])
          )
        )
      }
    })
}

const phaseNames = ['node', 'bundle', 'event', 'session', 'first frame', 'together'] as const
/**
 * Seconds of each phase: until Node runs our code; until the function is loaded; until it has its event; until it has the
 * job and a session of its model; until the row of its first frame is stored.
 */
type ColdStart = Record<(typeof phaseNames)[number], number>

const deployedAssets = z.object({
  functions: z.object({ infer: z.string() }),
  layers: z.object({ inference: z.string(), models: z.record(z.string(), z.string()) })
})

/** What is deployed of `infer`, for this machine's processor. */
const inferOf = (task: string, memoryMb: number): DeployedFunction => {
  const request = { architecture: process.arch, tasks: [task], models: [] }
  const build = path.join(packageRoot, 'infra/assets/build.ts')
  const said = execFileSync(process.execPath, [build, JSON.stringify(request)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const { functions, layers } = deployedAssets.parse(JSON.parse(said))
  return {
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:infer',
    task: functions.infer,
    layers: [layers.inference, layers.models[task]],
    handler: 'index.handler',
    memoryMb,
    timeoutSeconds: 900,
    storageMb: 4096,
    environment: {
      CLIPMILL_UPLOADS: bucketNames.uploads,
      CLIPMILL_RESULTS: bucketNames.results,
      CLIPMILL_SCRATCH: '/tmp',
      POWERTOOLS_SERVICE_NAME: 'infer',
      POWERTOOLS_METRICS_NAMESPACE: 'clipmill'
    },
    statements: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]
  }
}

const measureStarts = async (clip: string, task: string, memoryMb: number, runs: number) => {
  const models = await defaultModels(task)
  const infer = inferOf(task, memoryMb)
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  try {
    await using buckets = await openBuckets({ folder })
    const job = await prepareJob(buckets, folder, models, clip, task)
    const starts: ColdStart[] = []
    for (let run = 0; run < runs; run++) starts.push(await measureStart(infer, buckets, folder, job))
    return starts
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface StageOfJob {
  id: string
  stage: string
}

/** Runs the job, and leaves of its first segment one frame. @returns what `infer` is called for */
const prepareJob = async (
  buckets: Buckets,
  folder: string,
  models: string,
  clip: string,
  task: string
): Promise<StageOfJob> => {
  const { results } = buckets
  await using pipeline = await openPipeline({
    buckets,
    folder,
    models,
    announce: () => undefined,
    admit: () => Promise.resolve(true),
    signal: new AbortController().signal
  })
  const [{ job, done }] = await pipeline.submit(clip, path.basename(clip), [{ task, options: {} }])
  await done
  const table = keys(job.id).frames(0)
  const { frames, ...others } = await results.getJson(table, frameTable)
  await results.put(table, JSON.stringify({ ...others, frames: frames.slice(0, 1) }), {
    contentType: 'application/json'
  })
  return { id: job.id, stage: taskNamed(task).stages.find(stage => stage.model !== undefined)!.name }
}

const measureStart = async (
  infer: DeployedFunction,
  { store, credentials, results }: Buckets,
  folder: string,
  { id, stage }: StageOfJob
): Promise<ColdStart> => {
  const name = keys(id)
  const rows = name.rows(stage, 0)
  for (const key of [rows, name.timing(stage, 0)]) await results.delete(key)
  /** When each object was asked for first, and by which request. */
  const asked = new Map<string, number>()
  const gateway = await startGateway({
    endpoint: store.endpoint,
    statements: infer.statements,
    onDenied: what => {
      throw new Error(what)
    },
    onRequest: ({ key }) => {
      if (!asked.has(key)) asked.set(key, Date.now())
    }
  })
  let printed = ''
  const emulated = emulate(infer, {
    most: 1,
    folder,
    besides: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      CLIPMILL_S3_ENDPOINT: gateway.endpoint
    },
    log: text => (printed += text)
  })
  try {
    await emulated.invoke({ job: id, stage, segment: 0 })
  } catch (error) {
    throw new Error(printed, { cause: error })
  } finally {
    await emulated.close()
    await gateway.close()
  }
  const { process: began, runtime, loaded } = emulated.start!
  // Rows are looked for at first, the table is read once the session is open, and the timing follows the rows.
  const [called, opened, written] = [rows, name.frames(0), name.timing(stage, 0)].map(key => asked.get(key)!)
  const ends = [began, runtime, loaded, called, opened, written]
  const lasted = ends.slice(1).map((end, i) => (end - ends[i]) / 1000)
  return Object.fromEntries(
    phaseNames.map((phase, i) => [phase, lasted[i] ?? (written - began) / 1000])
  ) as ColdStart
}
