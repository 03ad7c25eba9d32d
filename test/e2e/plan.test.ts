import { describe, expect, it } from 'vitest'
import { prices } from '../../functions/cost/prices.ts'
import { clipmill, street, temporaryFolder } from './cli.ts'

const plan = (...args: string[]) => clipmill('plan', street, 'track-many', ...args)
const planned = async (...args: string[]) => {
  const { exit, stdout } = await plan(...args, '--json')
  expect(exit).toBe(0)
  return JSON.parse(stdout) as {
    seconds: { wall: number }
    dollars: Record<string, number>
    options: Record<string, unknown>
  }
}

describe('clipmill plan', () => {
  it('says what a job would take and cost, and as of when', async () => {
    const { exit, stdout } = await plan()
    expect(exit).toBe(0)
    expect(stdout).toContain('street.mp4: 120 frames in 2 segments')
    expect(stdout).toMatch(/^detect +infer +2 +\d+\.\d$/m)
    expect(stdout).toMatch(/^total +0\.00\d+$/m)
    expect(stdout).toContain(`prices of ${prices.date}`)
  })

  it('as JSON, for the options and the deployment that are asked for', async () => {
    const usual = await planned()
    const dearer = await planned('--detector', 'yolox-x', '--size', 'large', '--architecture', 'x64')
    expect(dearer.options).toMatchObject({ detector: 'yolox-x' })
    expect(dearer.dollars.functions).toBeGreaterThan(10 * usual.dollars.functions)
    const oneByOne = await planned('--detector', 'yolox-x', '--max-parallel', '1')
    expect(oneByOne.seconds.wall).toBeGreaterThan(dearer.seconds.wall)
    expect((await planned('--compute', 'batch')).dollars.instances).toBeGreaterThan(0)
  })

  it.each([
    [['--max-cost', '0.0001'], 'dollars'],
    [['--max-frames', '119'], 'frames']
  ])('fails over a limit: %s', async (flags, what) => {
    const { exit, stdout } = await plan(...flags, '--json')
    expect(exit).toBe(6)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'limit-exceeded', details: { what } } })
  })

  it.each([
    [[street, 'juggle'], 2, 'task-unknown'],
    [['nowhere.mp4', 'track-many'], 3, 'clip-missing'],
    [[street, 'track-many', '--juggle'], 2, 'usage-wrong'],
    [[street, 'track-many', '--min-score', '3'], 2, 'options-invalid'],
    [['--min-score', '0.5', street, 'track-many'], 2, 'usage-wrong'],
    [[street, 'track', '--box', '1,1,9,9', '--start', '99s'], 2, 'options-invalid'],
    [[street, 'track-many', '--max-cost', 'none'], 2, 'usage-wrong'],
    [[street, 'track-many', '--max-frames', '1.5'], 2, 'usage-wrong']
  ])('%j is refused', async (args, exit, code) => {
    const refused = await clipmill('plan', ...args, '--json')
    expect(refused.exit).toBe(exit)
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code } })
  })
})

it('clipmill run --max-frames refuses a clip that has more', async () => {
  const out = temporaryFolder()
  const refused = await clipmill('run', 'track-many', street, '--max-frames', '119', '--out', out, '--json')
  expect(refused.exit).toBe(6)
  expect(JSON.parse(refused.stdout)).toMatchObject([
    { error: { code: 'limit-exceeded', details: { limit: 119 } } }
  ])
})
