import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { note, print, printJson } from '../cli/output.ts'
import { formatTable } from '../cli/table.ts'
import { Fault } from '../events/faults.ts'
import { packageRoot } from '../local/home.ts'
import { chooseClip, parseCount } from './arguments.ts'
import { defaultModels } from './default-models.ts'
import { loopClip } from './loop.ts'
import { describeMachine, machineLine } from './machine.ts'
import { processesOf } from './processes.ts'

interface Flags {
  task: string
  seconds: number[]
  json: boolean
}

export const addMemory = (program: Command) => {
  program
    .command('memory [clip] [flags...]')
    .description(
      'how much memory a job has at its peak, for the same clip shown again and again; flags of the task stand behind --'
    )
    .option('--task <name>', 'what is wanted of the clip', 'track-many')
    .option('--seconds <a,b,…>', 'lengths of the clips', text => text.split(',').map(parseCount), [10, 600])
    .option('--json', 'as JSON', false)
    .action(async (clip: string | undefined, flags: string[], { task, seconds, json }: Flags) => {
      const machine = describeMachine()
      const jobs: JobMemory[] = []
      for (const length of seconds) jobs.push(await measureMemory(chooseClip(clip), length, task, flags))
      const ratio = jobs.at(-1)!.together / jobs[0].together
      if (json) printJson({ machine, jobs, ratio })
      else {
        note(machineLine(machine))
        print(tableOf(jobs))
      }
    })
}

const roles = ['main', 'worker', 'media'] as const
type Role = (typeof roles)[number]

/** Bytes resident at the peak. */
export interface JobMemory {
  frames: number
  /** Of the largest process of each role. */
  peaks: Record<Role, number>
  /** The peaks of all processes that were there at a time, added up. */
  together: number
}

/**
 * Runs a task on the clip, repeated until it is `seconds` long, by the command line, and watches its processes.
 * @throws Fault usage-wrong where there is no /proc
 */
export const measureMemory = async (
  clip: string,
  seconds: number,
  task = 'track-many',
  flags: string[] = []
): Promise<JobMemory> => {
  if (!existsSync('/proc/self/status'))
    throw new Fault('usage-wrong', { problem: 'the memory of processes can be read on Linux only' })
  // The first job would else build them in its main process, and have more at its peak than the others.
  await defaultModels(task)
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-bench-'))
  try {
    const looped = path.join(folder, 'clip.mp4')
    const frames = await loopClip(clip, seconds, looped)
    return {
      frames,
      ...(await watch([task, looped, '--out', path.join(folder, 'results'), '--json', ...flags]))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Milliseconds between two looks; a peak is still told at the next one, unless its process ends in between. */
const interval = 100

const watch = async (args: string[]): Promise<Omit<JobMemory, 'frames'>> => {
  const command = [path.join(packageRoot, 'cli/clipmill.js'), 'run', ...args]
  const job = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = text(job.stderr)
  const peaks: Record<Role, number> = { main: 0, worker: 0, media: 0 }
  let together = 0
  const look = setInterval(() => {
    const processes = processesOf(job.pid!)
    for (const { pid, command, peak } of processes) {
      const role = pid === job.pid ? 'main' : command.includes('/local/worker.') ? 'worker' : 'media'
      peaks[role] = Math.max(peaks[role], peak)
    }
    together = Math.max(
      together,
      processes.reduce((sum, { peak }) => sum + peak, 0)
    )
  }, interval)
  const [code] = (await once(job, 'close')) as [number | null]
  clearInterval(look)
  if (code !== 0) throw new Error(`the job ended with exit code ${code}: ${await said}`)
  return { peaks, together }
}

const tableOf = (jobs: JobMemory[]) => {
  const [first] = jobs
  const rows = (['together', ...roles] as const).map(what => {
    const bytesOf = ({ peaks, together }: JobMemory) => (what === 'together' ? together : peaks[what])
    return [
      what,
      ...jobs.map(job => `${Math.round(bytesOf(job) / 1e6)} MB`),
      ...jobs.slice(1).map(job => (bytesOf(job) / bytesOf(first)).toFixed(2))
    ]
  })
  const head = [
    'peak of resident memory',
    ...jobs.map(({ frames }) => `${frames} frames`),
    ...jobs.slice(1).map(({ frames }) => `${frames} / ${first.frames}`)
  ]
  return formatTable(head, rows)
}
