import { Command } from 'commander'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { addEvalInterpolate } from '../../cli/eval-interpolate.ts'
import type { Shell } from '../../cli/shell.ts'
import { importWeights } from '../../local/weights-get.ts'
import { openWeights } from '../../local/weights.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { graphsOf, parametersOf } from '../../models/catalogue/systems.ts'
import { temporaryFolder } from '../e2e/cli.ts'
import { writeTracker } from '../models/weights/write-tracker.ts'

/** What the command prints. */
const evaluate = async (...args: string[]) => {
  let printed = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
    printed += String(chunk)
    return true
  })
  const notes = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  onTestFinished(() => {
    write.mockRestore()
    notes.mockRestore()
  })
  const json = args.includes('--json')
  const shell: Shell = { json, exit: -1, interruptible: () => new AbortController().signal }
  const command = new Command('eval').exitOverride()
  addEvalInterpolate(command, shell)
  await command.parseAsync(['node', 'eval', 'interpolate', ...args])
  expect(shell.exit).toBe(0)
  return printed
}

/** Writes a picture of one grey. */
const grey = async (file: string, value: number, { width = 24, height = 16 } = {}) => {
  mkdirSync(path.dirname(file), { recursive: true })
  const background = { r: value, g: value, b: value }
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(file)
}

/** Two triplets. */
const dataSet = async () => {
  const data = temporaryFolder()
  for (const [name, value] of [
    ['a', 100],
    ['b', 200]
  ] as const)
    for (const i of [1, 2, 3]) await grey(path.join(data, name, `im${i}.png`), value)
  return data
}

describe('clipmill eval interpolate', () => {
  it('measures results against the middle frames', async () => {
    const [data, results] = [await dataSet(), temporaryFolder()]
    await grey(path.join(results, 'a.png'), 151)
    await grey(path.join(results, 'b/im2.png'), 149)
    const [head, a, b, mean] = (await evaluate('--data', data, '--results', results)).split('\n')
    expect(head.trim().split(/ +/)).toEqual(['PSNR', 'SSIM', 'IE'])
    expect(a).toMatch(/^a +13\.98 +0\.\d{4} +51\.00$/)
    expect(b).toMatch(/^b +13\.98 +0\.\d{4} +51\.00$/)
    expect(mean).toMatch(/^MEAN +13\.98 +0\.\d{4} +51\.00$/)
    const json = await evaluate('--data', data, '--results', results, '--json')
    expect(JSON.parse(json)).toMatchObject({ triplets: { a: { ie: 51 } }, mean: { ie: 51 } })
  })

  it('says which result is missing, not readable, or of another size', async () => {
    const [data, results] = [await dataSet(), temporaryFolder()]
    const args = ['--data', data, '--results', results]
    await expect(evaluate(...args)).rejects.toMatchObject({
      code: 'middle-missing',
      details: { triplet: 'a' }
    })
    await grey(path.join(results, 'a.png'), 100, { width: 25 })
    await expect(evaluate(...args)).rejects.toMatchObject({
      code: 'picture-unsuitable',
      details: { problem: '24 x 16 pixels are not 25 x 16' }
    })
    writeFileSync(path.join(results, 'a.png'), 'no picture')
    await expect(evaluate(...args)).rejects.toMatchObject({
      code: 'picture-unsuitable',
      details: { problem: 'it cannot be read as a picture' }
    })
  })

  it.each([
    ['neither results nor a model', []],
    ['both', ['--results', '.', '--model', 'dqbc']],
    ['what results do not depend on', ['--results', '.', '--augmented']],
    ['no number', ['--model', 'dqbc', '--halved-from', 'much']],
    ['a model of another task', ['--model', 'yolox-s']]
  ])('refuses %s', async (_, args) => {
    await expect(evaluate('--data', await dataSet(), ...args)).rejects.toMatchObject({ code: 'usage-wrong' })
  })

  it('makes the middle frames itself', async () => {
    const home = temporaryFolder()
    vi.stubEnv('CLIPMILL_HOME', home)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const file = path.join(home, '510000.pth')
    const parameters = parametersOf(graphsOf(weightsNamed('dqbc')))
    writeTracker(file, parameters, { bare: true, prefix: 'module.' })
    mkdirSync(path.join(home, 'weights'))
    await importWeights(openWeights(), weightsNamed('dqbc'), file, { acceptUnpinned: true })
    const printed = await evaluate('--data', await dataSet(), '--model', 'dqbc', '--json')
    const { triplets } = JSON.parse(printed) as { triplets: Record<string, { psnr: number }> }
    expect(Object.keys(triplets)).toEqual(['a', 'b'])
    for (const { psnr } of Object.values(triplets)) expect(psnr).toBeGreaterThan(0)
  })
})
