import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { openMedia } from '../../layers/media/index.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { graphsOf, parametersOf } from '../../models/catalogue/systems.ts'
import { readFootage } from '../corpus/footage.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { writeTracker } from '../models/weights/write-tracker.ts'
import { jpeg, squares } from '../tasks/track/bright.ts'
import { start, street } from './cli.ts'

/** Of all that follows: the networks with numbers by rule, imported once, and a clip of 20 frames. */
let home: string
const at = (name: string) => path.join(home, name)
const clipmill = (...args: string[]) => start(args, { home }).ended

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'clipmill-track-'))
  for (const name of ['mixformerv2-s', 'romtrack-tiny-256']) {
    const file = at(`${name}.pth.tar`)
    writeTracker(file, parametersOf(graphsOf(weightsNamed(name))))
    const { exit, stderr } = await clipmill('models', 'import', name, file, '--accept-unpinned')
    expect(exit, stderr).toBe(0)
  }
  const [width, height] = [256, 192]
  const paint = await readFootage(width, height, 20)
  await makeClip(at('street.mp4'), { width, height, frames: 20, paint, options: { g: '5' }, sound: 'aac' })
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

const results = ['got10k', 'lasot'].flatMap(name => [1, 2].map(i => `${name}-${i}.txt`))

describe('clipmill run track', () => {
  it.each(['mixformerv2-s', 'mixformerv2-s@int8', 'romtrack-tiny-256'])(
    'follows two things both ways with %s',
    async model => {
      const out = at(`out-${model}`)
      const { exit, stdout, stderr } = await clipmill(
        ...['run', 'track', at('street.mp4'), '--model', model, '--out', out],
        ...['--box', '60,40,40,60', '--box', '100,80,30,50', '--start', '7']
      )
      expect(exit, stderr).toBe(0)
      const folder = path.join(out, 'track/street.mp4')
      expect(stdout.trim()).toBe(`${folder}/`)
      expect(readdirSync(folder).toSorted()).toEqual(
        [
          ...results,
          ...['manifest.json', 'overlay.mp4', 'picture.jpg', 'track.csv', 'track.cvat.xml', 'track.json']
        ].toSorted()
      )
      const text = (name: string) => readFileSync(path.join(folder, name), 'utf8')
      for (const name of results) {
        const lines = text(name).trimEnd().split('\n')
        expect(lines).toHaveLength(20)
        for (const line of lines) expect(line).toMatch(/^-?[\d.]+(,-?[\d.]+){3}$/)
      }
      expect(text('lasot-2.txt').split('\n')[7]).toBe('100,80,30,50')
      const { rows } = JSON.parse(text('track.json')) as {
        rows: { targets: { box: number[]; score: number }[] }[]
      }
      for (const { targets } of rows) {
        expect(targets).toHaveLength(2)
        for (const { box, score } of targets) {
          const [x, y, width, height] = box
          // Never NaN, and within the authors' rule: at least 10 px, of which as much is in the picture.
          expect([width >= 10, height >= 10, x <= 246, y <= 182, x >= 0, y >= 0]).toEqual(Array(6).fill(true))
          expect(score).toBeGreaterThanOrEqual(0)
          expect(score).toBeLessThanOrEqual(1)
        }
      }
      const manifest = manifestSchema.parse(JSON.parse(text('manifest.json')))
      expect(manifest.models.map(({ stage, model }) => [stage, model])).toEqual([
        ['forward', model],
        ['backward', model]
      ])
      await using media = openMedia()
      const { facts } = await media.probe(path.join(folder, 'overlay.mp4'))
      expect(facts.video).toMatchObject({ codec: 'h264', width: 256, height: 192, frames: 20 })
      expect(facts.audio).toMatchObject({ codec: 'aac' })
    }
  )

  it.each([
    ['no box', [], 2, 'box: wanted are x, y, width, height'],
    ['a box of letters', ['--box', 'a,b,c,d'], 2, 'box: "a" is no number'],
    [
      'a box outside the picture',
      ['--box', '800,10,20,20'],
      2,
      'lies outside the picture, which is 768 x 576'
    ],
    ['a start behind the end', ['--box', '8,8,20,20', '--start', '120'], 2, '120 frames (0 to 119)'],
    ['weights that are not here', ['--box', '8,8,20,20', '--system', 'romtrack'], 4, 'Google Drive']
  ])('%s: one clear error, and no work', async (_, args, exit, says) => {
    const ended = await clipmill('run', 'track', street, '--out', at('none'), ...args)
    expect(ended.exit).toBe(exit)
    expect(ended.stderr).toContain(says)
    expect(ended.stderr).not.toContain('decode')
  })
})

describe('clipmill eval track, running the tracker', () => {
  /** A square that goes right, in the layouts of three data sets. */
  const layouts = {
    lasot: {
      truth: 'ball/ball-1/groundtruth.txt',
      picture: (i: number) => `ball/ball-1/img/0000000${i + 1}.jpg`
    },
    got10k: { truth: 'ball-1/groundtruth.txt', picture: (i: number) => `ball-1/0000000${i + 1}.jpg` },
    trackingnet: { truth: 'TEST/anno/ball-1.txt', picture: (i: number) => `TEST/frames/ball-1/${i}.jpg` }
  }
  const frames = [0, 1, 2, 3]
  const write = async (name: keyof typeof layouts) => {
    const { truth, picture } = layouts[name]
    const put = (file: string, content: string | Uint8Array) => {
      mkdirSync(path.dirname(at(`${name}/${file}`)), { recursive: true })
      writeFileSync(at(`${name}/${file}`), content)
    }
    put(truth, frames.map(i => `${90 + 8 * i},90,20,20\n`).join(''))
    for (const i of frames) put(picture(i), await jpeg(squares([100 + 8 * i, 100])))
    return at(name)
  }

  it.each([
    ['lasot', []],
    ['got10k', []],
    ['trackingnet', ['--split', 'TEST', '--model', 'romtrack-tiny-256']]
  ] as const)('%s as it lies there', async (name, args) => {
    const data = await write(name)
    const out = at(`boxes-${name}`)
    const { exit, stdout, stderr } = await clipmill('eval', 'track', '--data', data, '--out', out, ...args)
    expect(exit, stderr).toBe(0)
    expect(stderr).toMatch(/ball-1: 4 frames, [\d.]+ a second/)
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toContain('AUC')
    expect(rows.map(row => row.split(/\s+/)[0])).toEqual(['ball-1', 'COMBINED'])
    // The boxes that were kept are those that were measured.
    const again = await clipmill('eval', 'track', '--data', data, '--results', out, ...args.slice(0, 2))
    expect(again.stdout).toBe(stdout)
    const lines = readFileSync(path.join(out, 'ball-1.txt'), 'utf8').trimEnd().split('\n')
    expect(lines[0]).toBe('90,90,20,20')
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line).toMatch(/^\d+,\d+,\d+,\d+$/)
  })

  it('says which pictures are missing, and that options do not go with boxes that are there', async () => {
    const data = await write('got10k')
    rmSync(path.join(data, 'ball-1/00000003.jpg'))
    expect((await clipmill('eval', 'track', '--data', data)).stderr).toContain(
      'has 3 pictures; the ground truth tells of 4 frames'
    )
    writeFileSync(path.join(data, 'ball-1/00000003.jpg'), 'no picture')
    expect((await clipmill('eval', 'track', '--data', data)).stderr).toContain(
      '00000003.jpg: it cannot be read'
    )
    const both = await clipmill('eval', 'track', '--data', data, '--results', data, '--search-factor', '4')
    expect([both.exit, both.stderr]).toEqual([2, expect.stringContaining('searchFactor')])
  })
})
