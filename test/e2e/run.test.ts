import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { openMedia } from '../../layers/media/index.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { childrenOf } from '../processes.ts'
import { clipmill, root, start, street, temporaryFolder } from './cli.ts'

const results = ['overlay.mp4', 'picture.jpg', 'tracks.coco.json', 'tracks.csv', 'tracks.json', 'tracks.txt']
const folderOf = (out: string) => path.join(out, 'track-many/street.mp4')
const digests = (out: string) =>
  Object.fromEntries(
    results.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(folderOf(out), name)))
        .digest('hex')
    ])
  )

describe('clipmill run track-many', () => {
  it('turns the street clip into tracks, an overlay that plays anywhere, a picture and a manifest', async () => {
    const out = temporaryFolder()
    const { exit, stdout, stderr } = await clipmill('run', 'track-many', street, '--out', out)
    expect(exit, stderr).toBe(0)
    expect(stdout.trim()).toBe(`${folderOf(out)}/`)
    expect(readdirSync(folderOf(out)).toSorted()).toEqual(['manifest.json', ...results].toSorted())

    // The progress line names every step, in this order.
    const steps = ['plan', 'decode 120', 'infer detect 120', 'infer associate 120', 'render 120', 'store 120']
    const places = steps.map(step => stderr.indexOf(step))
    expect(places.every(place => place >= 0)).toBe(true)
    expect(places).toEqual(places.toSorted((a, b) => a - b))

    const lines = readFileSync(path.join(folderOf(out), 'tracks.txt'), 'utf8')
      .trimEnd()
      .split('\n')
    for (const line of lines) expect(line).toMatch(/^\d+,\d+(,-?\d+\.\d){4},[01]\.\d\d,-1,-1,-1$/)
    const frames = new Set(lines.map(line => Number(line.split(',')[0])))
    const ids = new Set(lines.map(line => Number(line.split(',')[1])))
    // People are in sight in every frame, and about a dozen walk through.
    expect([Math.min(...frames), Math.max(...frames), frames.size]).toEqual([1, 120, 120])
    expect(ids.size).toBeGreaterThan(8)
    expect(ids.size).toBeLessThan(20)

    await using media = openMedia()
    const { facts } = await media.probe(path.join(folderOf(out), 'overlay.mp4'))
    expect(facts.video).toMatchObject({
      codec: 'h264',
      width: 768,
      height: 576,
      frames: 120,
      variable: false
    })
    expect((await sharp(path.join(folderOf(out), 'picture.jpg')).metadata()).width).toBe(768)

    const manifest = manifestSchema.parse(
      JSON.parse(readFileSync(path.join(folderOf(out), 'manifest.json'), 'utf8'))
    )
    expect(Object.fromEntries(manifest.files.map(({ name, sha256 }) => [name, sha256]))).toEqual(digests(out))
    expect(manifest.timings.map(({ step, frames }) => [step, frames])).toEqual(
      ['associate', 'decode', 'detect', 'plan', 'render', 'store'].map(step => [step, 120])
    )
    expect(manifest.models).toMatchObject([
      { stage: 'detect', model: 'clipmill-person-nano', weights: { licence: { weights: 'Apache-2.0' } } }
    ])
  })

  it('stopped by Ctrl-C and started again, or with a worker killed, gives the same bytes', async () => {
    const [home, undisturbed, interrupted, bereft] = Array.from({ length: 4 }, temporaryFolder)
    const run = (out: string) => start(['run', 'track-many', street, '--out', out], { home })
    expect((await run(undisturbed).ended).exit).toBe(0)

    const first = run(interrupted)
    await first.said(/infer detect [1-9]/)
    first.child.kill('SIGINT')
    const { exit, stderr } = await first.ended
    expect(exit).toBe(130)
    expect(stderr).toContain('stopped; the same command goes on where it was')
    expect(existsSync(folderOf(interrupted))).toBe(false)
    const second = await run(interrupted).ended
    expect(second.exit, second.stderr).toBe(0)
    // The second run found the pictures that the first one had made.
    expect(digests(interrupted)).toEqual(digests(undisturbed))

    const third = run(bereft)
    await third.said(/infer detect [1-9]/)
    // One that has worked on the clip: it has a media process.
    const worker = childrenOf('local/worker', third.child.pid).find(
      pid => childrenOf('layers/media', pid).length > 0
    )
    process.kill(worker!, 'SIGKILL')
    const survived = await third.ended
    expect(survived.exit, survived.stderr).toBe(0)
    expect(digests(bereft)).toEqual(digests(undisturbed))
    // Nothing but our own was written beside: the runtime reports nothing to anybody.
    expect(readdirSync(home).toSorted()).toEqual(['models', 'runs'])
    // Nothing is kept of work that is done.
    expect(readdirSync(path.join(home, 'runs'))).toEqual([])
  }, 180_000)

  it('does not overwrite the results of another job unasked, readable or not', async () => {
    const [out, home] = [temporaryFolder(), temporaryFolder()]
    const run = (...more: string[]) =>
      start(['run', 'track-many', street, '--no-overlay', '--out', out, ...more], { home }).ended
    const manifest = path.join(folderOf(out), 'manifest.json')
    mkdirSync(folderOf(out), { recursive: true })
    writeFileSync(manifest, '{"job": {"id"')
    const refused = await run()
    expect(refused.exit).toBe(2)
    expect(refused.stderr).toMatch(/^results-exist: .*\n {2}.*--force/m)
    expect(readFileSync(manifest, 'utf8')).toBe('{"job": {"id"')

    expect((await run('--force')).exit).toBe(0)
    expect((await run('--min-score', '0.6')).stderr).toContain('results-exist')
    // Again the same job: its results may be written over.
    expect((await run()).exit).toBe(0)
  })

  it('where a file is in the way of the results it says so before any work', async () => {
    const out = path.join(temporaryFolder(), 'taken')
    writeFileSync(out, 'mine')
    const { exit, stderr } = await clipmill('run', 'track-many', street, '--out', out)
    expect(exit).toBe(2)
    expect(stderr).toMatch(/^folder-blocked: .*taken/)
    expect(readFileSync(out, 'utf8')).toBe('mine')
  })

  it.skipIf(process.platform !== 'linux')('and so where no folder can be made', async () => {
    const { exit, stderr } = await clipmill('run', 'track-many', street, '--out', '/proc/nope/results')
    expect([exit, stderr]).toEqual([3, expect.stringMatching(/^file-denied: \/proc\/nope /)])
  })

  it('stopped by Ctrl-C, it says as JSON which clips are still to be done', async () => {
    const [home, out] = [temporaryFolder(), temporaryFolder()]
    const again = path.join(out, 'again.mp4')
    const { child, ended } = start(['run', 'track-many', street, again, '--out', out, '--json'], { home })
    await expect.poll(() => existsSync(path.join(home, 'runs')), { timeout: 30_000 }).toBe(true)
    child.kill('SIGINT')
    const { exit, stdout } = await ended
    expect([exit, JSON.parse(stdout)]).toEqual([
      130,
      [
        { clip: street, stopped: true },
        { clip: again, stopped: true }
      ]
    ])
  })
})

it('several clips: one that fails does not stop the others, and the exit code says so', async () => {
  const out = temporaryFolder()
  const nowhere = path.join(out, 'nowhere.mp4')
  const { exit, stdout } = await clipmill(
    'run',
    'track-many',
    nowhere,
    street,
    '--no-overlay',
    '--out',
    out,
    '--json'
  )
  expect(exit).toBe(7)
  expect(JSON.parse(stdout)).toMatchObject([
    { clip: nowhere, error: { code: 'clip-missing' } },
    { clip: street, manifest: { frames: 120 } }
  ])
})

it('an upright phone clip of uneven rate, with sound: the overlay keeps sound, turn and times, and rows have them', async () => {
  const [folder, out] = [temporaryFolder(), temporaryFolder()]
  const clip = path.join(folder, 'Größe 50% + #1 (phone).mov')
  const pts = (index: number) => index * 40 + (index % 3) * 7
  await makeClip(clip, {
    container: 'mov',
    width: 128,
    height: 96,
    frames: 100,
    turn: 90,
    sound: 'aac',
    timeBase: { num: 1, den: 1000 },
    pts
  })
  const { exit, stderr } = await clipmill('run', 'track-many', clip, '--out', out)
  expect(exit, stderr).toBe(0)
  const results = path.join(out, 'track-many', path.basename(clip))

  await using media = openMedia()
  const { facts, timeline } = await media.probe(path.join(results, 'overlay.mp4'))
  expect(facts.video).toMatchObject({ width: 96, height: 128, rotation: 0, frames: 100, variable: true })
  expect(facts.audio).toMatchObject({ codec: 'aac' })
  const milliseconds = (count: number) => (count * 1000 * facts.video.timeBase.num) / facts.video.timeBase.den
  expect([...timeline.pts].map(time => milliseconds(time - timeline.pts[0]))).toEqual(
    Array.from({ length: 100 }, (_, index) => pts(index))
  )

  const { rows, timeBase } = JSON.parse(readFileSync(path.join(results, 'tracks.json'), 'utf8')) as {
    rows: { frame: number; pts: number; seconds: number }[]
    timeBase: { num: number; den: number }
  }
  expect(rows.map(({ frame }) => frame)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  for (const { frame, pts: stamp, seconds } of rows) {
    expect(seconds - rows[0].seconds).toBeCloseTo(pts(frame) / 1000, 5)
    expect((stamp * timeBase.num) / timeBase.den).toBeCloseTo(seconds, 5)
  }
})

it('the same command twice at once: the second one is told, the first one goes on', async () => {
  const [home, out] = [temporaryFolder(), temporaryFolder()]
  const first = start(['run', 'track-many', street, '--out', out], { home })
  await first.said(/infer detect [1-9]/)
  const second = await start(['run', 'track-many', street, '--out', out], { home }).ended
  expect(second.exit, second.stderr).toBe(5)
  expect(second.stderr).toContain('store-in-use')
  const { exit, stderr } = await first.ended
  expect(exit, stderr).toBe(0)
})

describe('what a person may get wrong ends with a code, the next step and nothing written', () => {
  const write = (folder: string, name: string, content: string | Uint8Array) => {
    const file = path.join(folder, name)
    writeFileSync(file, content)
    return file
  }
  /** A tenth of a second of nothing: a WAV file, 8 bits, 8,000 samples a second. */
  const silence = Buffer.concat([
    Buffer.from(
      '524946464403000057415645666d74201000000001000100401f0000401f00000100080064617461' + '20030000',
      'hex'
    ),
    Buffer.alloc(800, 128)
  ])

  const cases: [what: string, args: (folder: string) => string[], exit: number, says: string][] = [
    ['no such file', folder => [path.join(folder, 'nowhere.mp4')], 3, 'clip-missing'],
    ['a folder', folder => [folder], 3, 'is a folder, so no clip'],
    ['a device', () => ['/dev/null'], 3, '/dev/null is no regular file, so no clip'],
    ['an empty file', folder => [write(folder, 'empty.mp4', '')], 3, 'clip-empty'],
    [
      'a text file',
      folder => [write(folder, 'notes.mp4', 'walk the dog\n'.repeat(100))],
      3,
      'clip-not-video'
    ],
    ['a clip with sound only', folder => [write(folder, 'song.wav', silence)], 3, 'clip-not-video'],
    ['an option that is not there', () => [street, '--min-skore', '0.5'], 2, 'usage-wrong'],
    ['no clip', () => [], 2, 'clipmill run track-many --help'],
    ['an option out of its range', () => [street, '--min-score', '7'], 2, 'options-invalid'],
    ['an option that is no number', () => [street, '--lost-for', 'long'], 2, 'options-invalid'],
    ['a class that the detector does not know', () => [street, '--classes', 'dragon'], 2, 'options-invalid']
  ]
  it.each(cases)('%s', async (_, args, exit, says) => {
    const [folder, out] = [temporaryFolder(), temporaryFolder()]
    const ended = await clipmill('run', 'track-many', ...args(folder), '--out', out)
    expect(ended.exit, ended.stderr).toBe(exit)
    expect(ended.stderr).toContain(says)
    expect(ended.stderr).not.toContain('internal-error')
    expect(ended.stdout).toBe('')
    expect(readdirSync(out)).toEqual([])
  })

  const mountable = spawnSync('unshare', ['-m', 'true']).status === 0
  it.skipIf(!mountable)('a full disk (needs the right to mount one)', () => {
    const [home, out] = [temporaryFolder(), temporaryFolder()]
    const command = `mount -t tmpfs -o size=12m none ${home} && exec ${process.execPath} cli/clipmill.js run track-many media/street.mp4 --out ${out}`
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', command], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, CLIPMILL_HOME: home }
    })
    expect(status, stderr).toBe(6)
    expect(stderr).toMatch(/^(disk|storage)-full: .*no space left.*\n {2}free /m)
    expect(readdirSync(out)).toEqual([])
  })

  it('a task that is not there', async () => {
    expect(await clipmill('run', 'juggle', street)).toMatchObject({
      exit: 2,
      stderr:
        'task-unknown: there is no task "juggle"\n  choose one of: track-many, track, interpolate, upscale\n'
    })
  })

  it('as JSON where JSON is asked for', async () => {
    const { exit, stdout, stderr } = await clipmill(
      'run',
      'track-many',
      'nowhere.mp4',
      street,
      '--min-score',
      '7',
      '--json'
    )
    expect(exit).toBe(2)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'options-invalid', details: { task: 'track-many' } }
    })
  })
})

it.each([[[]], [['run']], [['jobs']], [['models']]])(
  'without a command it lists those there are: %j',
  async args => {
    const { exit, stdout, stderr } = await clipmill(...args)
    expect([exit, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: clipmill .*^Commands:.*^usage-wrong: a command is missing$/ms)
  }
)

it('started by hand on a Node that is too old, it says in one line what to do', () => {
  const old =
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })'
  const args = ['--import', `data:text/javascript,${old}`, path.join(root, 'cli/clipmill.js'), 'run']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toMatch(/^clipmill needs Node 24\.0 or newer.*npx clipmill.*\n$/)
})
