import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { openModels } from '../../layers/models/index.ts'
import { ensureModels } from '../../local/models.ts'
import { weightsNamed } from '../../models/catalogue/index.ts'
import { graphsOf, parametersOf } from '../../models/catalogue/systems.ts'
import { serveFile } from '../local/file-server.ts'
import { writeTracker } from '../models/weights/write-tracker.ts'
import { describeShared, shared } from '../shared.ts'
import { clipmill, root, start, street, temporaryFolder } from './cli.ts'

describeShared('clipmill models inspect', () => {
  const fixture = (name: string) => shared(`weights/fixtures/${name}`)

  it('lists what a checkpoint holds, and runs nothing of what it names', async () => {
    const { exit, stdout } = await clipmill('models', 'inspect', fixture('evil-reduce.pth'))
    expect(exit).toBe(0)
    expect(stdout).toContain('pytorch-zip, 8 tensors (7 float32, 1 int64)')
    expect(stdout).toContain('names posix.system; nothing of it was run')
    expect(stdout).toContain('net.conv.weight  float32 [8, 3, 3, 3]')
  })

  it('as JSON too', async () => {
    const { exit, stdout } = await clipmill('models', 'inspect', fixture('zip-half.pth'), '--json')
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ format: 'pytorch-zip', dtypes: { float16: 7, int64: 1 } })
  })

  it('takes the state dict that it is told', async () => {
    const under = 'optimizer.state.0'
    const { exit, stdout } = await clipmill(
      ...['models', 'inspect', fixture('tracker-zip.pth.tar'), '--under', under]
    )
    expect(exit).toBe(0)
    expect(stdout).toContain(`found under "${under}"`)
    expect(stdout).toContain('  exp_avg  float32 [4]')
  })

  it.each([
    ['truncated.pth', 'weights-unreadable'],
    ['not-a-checkpoint.pth', 'weights-web-page'],
    ['empty.pth', 'weights-unreadable'],
    ['deep-pickle.pth', 'weights-unreadable'],
    ['lying.safetensors', 'weights-unreadable']
  ])('refuses %s with one clear line and the next step', async (name, code) => {
    const { exit, stdout, stderr } = await clipmill('models', 'inspect', fixture(name))
    expect(exit).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toMatch(new RegExp(`^${code}: .*${name}.*\n  .+\n$`))
  })
})

describeShared('clipmill models verify', () => {
  const golden = shared('golden/yolox/nano-coco80-64x96.json')

  it('says of every stage how far it is from the authors’ numbers', async () => {
    const { exit, stdout, stderr } = await clipmill('models', 'verify', golden)
    expect(exit).toBe(0)
    expect(stdout).toMatch(/ok +decoded +\d\.\d+e-\d of \d\.\d+e-\d/)
    expect(stderr).toBe('11 stages are within tolerance, 0 are not, 0 were skipped\n')
  })

  it.each(['/dev/zero', root])('refuses %s, which is no file', async name => {
    const { exit, stderr } = await clipmill('models', 'verify', name)
    expect(exit).toBe(3)
    expect(stderr).toContain(`golden-unreadable: ${name}`)
  })

  it('ends with 4 where a stage is off', async () => {
    const other = JSON.parse(readFileSync(golden, 'utf8')) as {
      outputs: { decoded: { samples: [number, number][] } }
    }
    other.outputs.decoded.samples[7][1] += 0.1
    const file = path.join(temporaryFolder(), 'off.json')
    writeFileSync(file, JSON.stringify(other))
    const { exit, stdout, stderr } = await clipmill('models', 'verify', file)
    expect(exit).toBe(4)
    expect(stdout).toMatch(/MISSED +decoded/)
    expect(stderr).toContain('golden-missed')
  })
})

describe('clipmill models', () => {
  it('ls and show say what there is, where it is from and what is here', async () => {
    const { exit, stdout, stderr } = await clipmill('models', 'ls')
    expect(exit).toBe(0)
    expect(stderr).toMatch(/^maxsr: no weights are published anywhere; .*--system maxsr --variant …\n$/)
    expect(stdout).toMatch(/^name +task +system +variant +size +licence +sha256 +installed\n/)
    expect(stdout).toMatch(
      /\nclipmill-person-nano +track-many +yolox +nano +3.7 MB +Apache-2.0 +ffb23e4c823b +yes\n/
    )
    expect(stdout).toMatch(/\nyolox-x +track-many +yolox +x +793.5 MB +Apache-2.0 +5652330b6ae8\n/)

    const shown = await clipmill('models', 'show', 'yolox-s-legacy')
    expect(shown.stdout).toMatch(/pre-processing +mot/)
    expect(shown.stdout).toMatch(/sha256 +unknown \(nobody states one\)/)
    expect(shown.stdout).toMatch(/installed +no; .*clipmill models pull yolox-s-legacy --accept-unpinned/)
    const json = await clipmill('models', 'show', 'mixsort-x-sports', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      tasks: ['track-many'],
      pinned: false,
      installed: false,
      licence: { weights: 'unknown: none is stated' },
      detector: { classes: ['person'], preprocessing: 'mot', longSide: 1440 }
    })

    const tracker = await clipmill('models', 'show', 'romtrack-base-256')
    expect(tracker.stdout).toMatch(/\n +network +romtrack base-256\n +size +unknown\n/)
    expect(tracker.stdout).toMatch(
      /installed +no; .*ROMTrack_epoch0100\.pth\.tar; .*import romtrack-base-256 FILE --accept-unpinned/
    )
  })

  it('show and rm of a model in another precision mean that one alone', async () => {
    const home = temporaryFolder()
    const built = path.join(home, 'models')
    const name = 'clipmill-person-nano'
    await ensureModels(built, [name, `${name}@float16`])
    const run = (...args: string[]) => start(['models', ...args, '--json'], { home }).ended
    const shown = async (model: string) => JSON.parse((await run('show', model)).stdout) as object
    const digest = openModels(built).digest(`${name}@float16`)
    expect(await shown(`${name}@float16`)).toMatchObject({ name: `${name}@float16`, model: digest })
    expect(await shown(name)).toMatchObject({ name, model: openModels(built).digest(name) })

    const [removed] = JSON.parse((await run('rm', `${name}@float16`)).stdout) as { bytes: number }[]
    expect(removed).toMatchObject({ name: `${name}@float16`, removed: true })
    expect(removed.bytes).toBeGreaterThan(1_000_000)
    expect(openModels(built).names()).toEqual([name])
    expect(await shown(name)).toMatchObject({ installed: true, model: openModels(built).digest(name) })
  })

  it('ends quietly where nobody reads on', async () => {
    const { child, ended } = start(['models', 'show', 'yolox-s'])
    child.stdout.destroy()
    expect(await ended).toEqual({ exit: 141, stdout: '', stderr: '' })
  })

  it('rm of weights that are not here says so', async () => {
    expect(await clipmill('models', 'rm', 'yolox-s')).toMatchObject({
      exit: 0,
      stdout: 'yolox-s  was not here\n'
    })
  })

  it.each([
    [['models', 'show', 'yolox-huge'], 4, /^model-unknown: .*yolox-huge/],
    [['models', 'pull', 'dqbc'], 4, /weights-by-hand: .*\n {2}.*510000\.pth; .*models import dqbc FILE/],
    [['models', 'show', 'dqbc@int8'], 4, /^precision-unknown: .*float32 or float16\n {2}.*dqbc@float16\n/],
    [
      ['models', 'import', 'mine', street, '--system', 'maxsr', '--variant', 'maxsr'],
      2,
      /^usage-wrong: variant: .*maxsr-light-x2/
    ],
    [['models', 'pull', 'bytetrack-x-mot17'], 4, /weights-by-hand: .*\n {2}.*drive\.google.*models import/],
    [['models', 'pull', 'yolox-s-legacy'], 4, /weights-unpinned: .*\n {2}.*--accept-unpinned/],
    [['models', 'rm', 'clipmill-person-nano'], 2, /^weights-in-package: /],
    [['models', 'import', 'mine', street], 2, /^usage-wrong: .*--classes, --preprocessing/],
    [
      ['models', 'import', 'yolox-s', street, '--preprocessing', 'mot'],
      2,
      /^usage-wrong: .*in the catalogue/
    ],
    [['models', 'import', 'yolox-s', street], 4, /^weights-unreadable: /],
    [
      ['models', 'pull', 'mixformerv2-s'],
      4,
      /weights-by-hand: .*\n {2}.*mixformerv2_small\.pth\.tar.*import/
    ],
    [
      ['models', 'import', 'mine', street, '--system', 'romtrack'],
      2,
      /^usage-wrong: .*weights of your own need --variant\n/
    ],
    [
      ['models', 'import', 'mine', street, '--system', 'romtrack', '--variant', 's'],
      2,
      /^usage-wrong: variant: .*tiny-256/
    ],
    [
      ['models', 'import', 'mine', street, '--system', 'romtrack', '--variant', 'tiny-256', '--score', '0.4'],
      2,
      /^usage-wrong: romtrack is no detector, so --score cannot be given/
    ],
    [
      ['run', 'track-many', street, '--detector', 'mixformerv2-s'],
      2,
      /^options-invalid: .*detector: mixformerv2-s is for another task.*yolox-s/
    ],
    [
      ['run', 'track-many', street, '--detector', 'yolox-s'],
      4,
      /^weights-missing: .*72\.1 MB.*\n {2}.*models pull yolox-s\n/
    ],
    [['run', 'track-many', street, '--detector', 'yolox'], 2, /^options-invalid: .*detector: .*yolox-s/]
  ])('%j ends with %i', async (args, code, says) => {
    const { exit, stdout, stderr } = await clipmill(...args)
    expect(stderr).toMatch(says)
    expect({ exit, stdout }).toEqual({ exit: code, stdout: '' })
  })
})

describeShared('weights that are got', () => {
  const name = 'yolox-nano-folded'
  const file = shared('weights/yolox-nano/yolox_nano_from_onnx.pth')
  const sha256 = 'dd896aec1563dc8f077d97b1cff97afbf75325d4f96cb29815a753292ab92c23'
  const mirror = (place: string) => {
    vi.stubEnv('CLIPMILL_MIRROR', place)
    onTestFinished(() => void vi.unstubAllEnvs())
  }

  it('come from a folder, and go again', async () => {
    mirror(path.dirname(file))
    const home = temporaryFolder()
    const run = (...args: string[]) => start(args, { home }).ended
    const pulled = await run('models', 'pull', name)
    expect(pulled).toMatchObject({ exit: 0, stdout: `${name}  ${sha256}  from ${file}\n` })
    expect(pulled.stderr).toContain('licence: code Apache-2.0; weights Apache-2.0; training data COCO')
    expect((await run('models', 'pull', name, '--json')).stdout).toContain('"fetched": false')
    expect((await run('models', 'ls')).stdout).toMatch(new RegExp(`${name} .* yes\n`))
    expect(await run('models', 'rm', name)).toMatchObject({
      exit: 0,
      stdout: `${name}  3916121 bytes freed\n`
    })
    expect(readdirSync(path.join(home, 'weights')).toSorted()).toEqual(['names', 'parts'])
  })

  it('survive a kill and a cut on their way, and then find people', async () => {
    const { address, ranges } = await serveFile(readFileSync(file), [
      { silentAfter: 1_000_000 },
      { cutAfter: 1_000_000 },
      {}
    ])
    mirror(address)
    const home = temporaryFolder()
    const killed = start(['models', 'pull', name], { home })
    const part = async () => {
      const parts = path.join(home, 'weights/parts')
      for (;;) {
        try {
          const [folder] = readdirSync(parts)
          if (readFileSync(path.join(parts, folder, 'data')).length === 1_000_000) return
        } catch {
          // Not yet.
        }
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
    await part()
    killed.child.kill('SIGKILL')
    expect(await killed.ended).toMatchObject({ exit: null, stdout: '' })
    expect((await start(['models', 'show', name], { home }).ended).stdout).toMatch(/installed +no/)

    expect(await start(['models', 'pull', name], { home }).ended).toMatchObject({ exit: 0 })
    // What was under way at the cut may be lost with the connection.
    const [, second, third] = ranges()
    expect(second).toBe('bytes=1000000-')
    expect(Number(/\d+/.exec(third!))).toBeGreaterThan(1_000_000)

    const out = temporaryFolder()
    const args = ['run', 'track-many', street, '--detector', name, '--no-overlay', '--out', out]
    expect(await start(args, { home }).ended).toMatchObject({ exit: 0 })
    const results = path.join(out, 'track-many/street.mp4')
    const manifest = manifestSchema.parse(
      JSON.parse(readFileSync(path.join(results, 'manifest.json'), 'utf8'))
    )
    expect(manifest.job.options).toMatchObject({ detector: name, detectorSize: 416, minScore: 0.5 })
    expect(manifest.models).toMatchObject([
      { model: name, weights: { sha256 }, detector: { preprocessing: 'new', longSide: 416 } }
    ])
    const rows = readFileSync(path.join(results, 'tracks.txt'), 'utf8').trim().split('\n')
    expect(rows.filter(row => row.startsWith('1,')).length).toBeGreaterThan(2)
    expect(rows.length).toBeGreaterThan(300)
  })

  it('may be one’s own, with everything stated', async () => {
    const home = temporaryFolder()
    const run = (...args: string[]) => start(args, { home }).ended
    const stated = ['--variant', 'nano', '--classes', 'coco', '--long-side', '416', '--score', '0.4']
    const wrong = await run('models', 'import', 'mine', file, ...stated, '--preprocessing', 'mot')
    expect(wrong).toMatchObject({ exit: 4, stdout: '' })
    expect(wrong.stderr).toMatch(
      /^weights-preprocessing-wrong: .*yolox-nano-folded.*\n {2}give --preprocessing new/
    )

    expect(await run('models', 'import', 'mine', file, ...stated, '--preprocessing', 'new')).toMatchObject({
      exit: 0,
      stdout: `mine  ${sha256}  3916121 bytes\n`
    })
    const { stdout } = await run('models', 'show', 'mine', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      installed: true,
      detector: { preprocessing: 'new', longSide: 416 }
    })
    const refused = await run('run', 'track-many', street, '--detector', 'mine', '--classes', 'dragon')
    expect(refused.stderr).toMatch(/^options-invalid: .*mine does not know dragon; it knows person, bicycle/)
  })
})

it('a tracker of one’s own needs its network and variant, and no more', async () => {
  const home = temporaryFolder()
  const file = path.join(home, 'best.pth.tar')
  writeTracker(file, parametersOf(graphsOf(weightsNamed('romtrack-tiny-256'))))
  const run = (...args: string[]) => start(['models', ...args], { home }).ended
  const wrong = await run('import', 'mine', file, '--system', 'mixformerv2', '--variant', 's')
  expect(wrong.stderr).toMatch(/^weights-mismatch: .* does not fit mixformerv2 s: it is romtrack tiny-256; /)
  const stated = ['--system', 'romtrack', '--variant', 'tiny-256', '--licence', 'MIT']
  expect(await run('import', 'mine', file, ...stated)).toMatchObject({ exit: 0 })
  const shown = JSON.parse((await run('show', 'mine', '--json')).stdout) as object
  expect(shown).toMatchObject({
    ...{ system: 'romtrack', variant: 'tiny-256', installed: true },
    licence: { code: 'MIT', weights: 'MIT', data: 'unknown' }
  })
  expect(shown).not.toHaveProperty('detector')
  expect(await run('rm', 'mine')).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/bytes freed/) as string
  })
})
