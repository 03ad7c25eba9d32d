import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { exits, isFault } from '../events/faults.ts'
import { openMedia } from '../layers/media/index.ts'
import { clipmillHome, packageRoot } from '../local/home.ts'
import { builtDigest } from '../local/models.ts'
import { makeFolder } from '../local/files.ts'
import { openWeights } from '../local/weights.ts'
import { weightsNamed } from '../models/catalogue/index.ts'
import { tasks } from '../tasks/index.ts'
import type { Account } from './cloud/account.ts'
import type { Check } from './cloud/checks.ts'
import { print, printJson } from './output.ts'
import type { Shell } from './shell.ts'

export const addDoctor = (program: Command, shell: Shell) => {
  program
    .command('doctor')
    .description('whether this machine, and the AWS account where there is one, have what clipmill needs')
    .option('--json', 'as JSON', false)
    .action(async () => {
      const { openAccount } = await import('./cloud/account.ts')
      const checks = [...(await checkMachine()), ...(await checkCloud(openAccount))]
      if (shell.json) printJson(checks)
      else for (const line of checkLines(checks)) print(line)
      shell.exit = checks.some(({ state }) => state === 'problem') ? exits.cloud : 0
    })
}

/** A line for each check, and what to do about it. */
export const checkLines = (checks: Check[]) =>
  checks.flatMap(({ name, state, says, next }) => [
    `${state.padEnd(7)}  ${name.padEnd(9)}  ${says}`,
    ...(next === undefined ? [] : [`           ${next}`])
  ])

/** What this machine has of what clipmill needs. */
export const checkMachine = async (): Promise<Check[]> => [
  checkNode(process.versions.node),
  await checkDisk(clipmillHome()),
  checkMemory(totalmem()),
  await checkMedia(),
  await checkRuntime(),
  await checkModels()
]

/** @param version as `24.1.0` */
export const checkNode = (version: string): Check => {
  const [major, minor] = version.split('.').map(Number)
  const says = `Node ${version}, at least 22.18 is needed`
  return major > 22 || (major === 22 && minor >= 18)
    ? { name: 'node', state: 'ok', says }
    : { name: 'node', state: 'problem', says, next: 'start it with "npx clipmill", which brings its own' }
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Of what is needed, two figures: below the first there is trouble, below the second there may be. */
const amount = (name: string, has: number, [least, enough]: [number, number], what: string, next: string) => {
  const says = `${gigabytes(has)} ${what}, ${gigabytes(enough)} are good to have`
  const state = has < least ? 'problem' : has < enough ? 'warning' : 'ok'
  return { name, state, says, ...(state !== 'ok' && { next }) } satisfies Check
}

export const checkDisk = async (folder: string): Promise<Check> => {
  await makeFolder(folder)
  const { bavail, bsize } = await statfs(folder)
  const next = 'free some space, or name another disk with CLIPMILL_HOME'
  return amount('disk', bavail * bsize, [1e9, 5e9], `free for ${folder}`, next)
}

/** @param bytes of the machine */
export const checkMemory = (bytes: number): Check =>
  amount(
    'memory',
    bytes,
    [1.5e9, 4e9],
    `for ${availableParallelism()} cores`,
    'process smaller clips, or take a larger machine'
  )

/** FFmpeg, in its process, looks at the demo clip. */
const checkMedia = (): Promise<Check> =>
  loaded('ffmpeg', 'FFmpeg reads the demo clip', async () => {
    await using media = openMedia()
    await media.probe(path.join(packageRoot, 'media/street.mp4'))
  })

/** In a process of its own: a library made for another processor ends the one that loads it. */
const checkRuntime = (): Promise<Check> =>
  loaded('onnx', 'ONNX Runtime loads', async () => {
    const load = ['--input-type=module', '--eval', "await import('onnxruntime-node')"]
    await promisify(execFile)(process.execPath, load, { cwd: packageRoot })
  })

const loaded = async (name: string, says: string, load: () => Promise<void>): Promise<Check> => {
  try {
    await load()
    return { name, state: 'ok', says }
  } catch (error) {
    return {
      name,
      state: 'problem',
      says: (error as Error).message.split('\n')[0],
      next: `install again with: npm ci (this is ${process.platform} on ${process.arch})`
    }
  }
}

/** The models that the tasks run where nobody names others. */
const checkModels = async (): Promise<Check> => {
  const names = Object.values(tasks).flatMap(({ models }) => models)
  const store = openWeights()
  const known = await store.known()
  const missing: string[] = []
  const unbuilt: string[] = []
  for (const name of new Set(names))
    if ((await store.find(weightsNamed(name, known))) === undefined) missing.push(name)
    else if ((await builtDigest(path.join(clipmillHome(), 'models'), name)) === undefined) unbuilt.push(name)
  if (missing.length > 0)
    return {
      name: 'models',
      state: 'warning',
      says: `weights are missing: ${missing.join(', ')}`,
      next: `clipmill models pull ${missing.join(' ')}`
    }
  const says = unbuilt.length > 0 ? `built at the first run: ${unbuilt.join(', ')}` : 'built'
  return { name: 'models', state: 'ok', says }
}

/** The AWS account, where there are credentials for one and a region; having none is no problem. */
export const checkCloud = async (open: () => Promise<Account>): Promise<Check[]> => {
  try {
    const { checkAccount } = await import('./cloud/checks.ts')
    return await checkAccount(await open())
  } catch (error) {
    if (!isFault(error)) throw error
    const { code, message, next } = error
    if (code === 'region-missing' || code === 'credentials-missing')
      return [{ name: 'identity', state: 'ok', says: `${message}; so no account was looked at` }]
    return [{ name: 'identity', state: 'warning', says: message, next }]
  }
}
