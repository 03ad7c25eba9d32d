import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { announcementKey } from '../../local/announcements.ts'
import { chooseAddress, keepAddress } from '../../local/address.ts'
import { openBuckets } from '../../local/buckets.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { start, temporaryFolder } from './cli.ts'

// Below those that the system gives to whoever asks for any.
let ports = 30_000 + (process.pid % 2_500)

interface Listed {
  id: string
  state: string
  clip: string
}

/** The command line with a cache folder of its own and a folder to serve from. */
const openShell = () => {
  const [home, folder] = [temporaryFolder(), path.join(temporaryFolder(), 'served from')]
  const call = (...args: string[]) => start([...args, '--folder', folder], { home })
  const run = (...args: string[]) => call(...args).ended
  const list = async (...args: string[]) =>
    JSON.parse((await run('jobs', 'ls', '--json', ...args)).stdout) as Listed[]
  return { folder, call, run, list }
}

it('a clip goes in by a link, its job is listed and shown, and a result comes out by a link', async () => {
  const { folder, call, run, list } = openShell()
  const server = call('serve', '--port', String(ports++))
  onTestFinished(() => void server.child.kill('SIGKILL'))
  let said = ''
  server.child.stdout.on('data', (text: string) => (said += text))
  await expect.poll(() => said, { timeout: 40_000 }).toContain('jobs:')
  // What it says can be pasted, whatever the folder's name.
  expect(said).toContain(`clipmill link put track-many/clip.mp4 --folder '${folder}'`)
  expect(said).toContain(`cp clip.mp4 '${folder}/inbox/track-many'/`)

  const clip = await makeClip(path.join(temporaryFolder(), 'clip.mp4'), { frames: 6 })
  const put = (await run('link', 'put', 'track-many/clip.mp4')).stdout.trim()
  expect((await fetch(put, { method: 'PUT', body: await readFile(clip) })).status).toBe(200)
  await expect
    .poll(() => list(), { timeout: 40_000, interval: 500 })
    .toMatchObject([{ state: 'completed', clip: 'clip.mp4', key: 'track-many/clip.mp4' }])

  const [{ id }] = await list()
  const { stdout } = await run('jobs', 'show', id.slice(0, -4))
  expect(stdout).toMatch(/completed[^]*results\/track-many\/clip\.mp4\/.*tracks\.csv/)
  // As `jobs show` prints it.
  const get = (await run('link', 'get', 'results/track-many/clip.mp4/manifest.json')).stdout.trim()
  expect(await (await fetch(get)).json()).toMatchObject({ frames: 6, job: { id } })
  expect(await run('jobs', 'cancel', id)).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('job-state') as string
  })

  server.child.kill('SIGINT')
  expect((await server.ended).exit).toBe(0)
  for (const command of [
    ['jobs', 'ls'],
    ['jobs', 'show', id]
  ])
    expect(await run(...command)).toMatchObject({
      exit: 5,
      stderr: expect.stringContaining('serve-away') as string
    })
}, 120_000)

it('lists the newest, and says of a wish that nobody grants that it is pending', async () => {
  const { folder, run, list } = openShell()
  const address = await chooseAddress(folder, ports++)
  // Buckets without anybody who obeys.
  await using buckets = await openBuckets({ folder, ...address })
  await keepAddress(folder, address)
  const keep = (told: Announcement) =>
    buckets.results.put(announcementKey(told)!, JSON.stringify(told), { contentType: 'application/json' })
  for (const clip of ['a', 'b', 'c']) {
    const at = '2026-01-01T00:00:00Z'
    const job = `track-many-${clip === 'a' ? 'z' : clip}`
    const key = `track-many/${clip}`
    const accepted: Announcement = { type: 'job.accepted', job, task: 'track-many', clip, key, at }
    await keep(accepted)
    if (clip === 'c') await keep({ ...accepted, type: 'job.completed', manifest: '', missingAtEnd: 62 })
  }
  expect((await list()).map(({ clip }) => clip)).toEqual(['a', 'b', 'c'])
  expect((await list('--last', '2')).map(({ clip }) => clip)).toEqual(['b', 'c'])
  expect((await run('jobs', 'ls', '--last', '2')).stderr).toContain('the newest 2 of 3 jobs')

  expect((await run('jobs', 'ls', '--last', '1')).stdout).toMatch(
    / {2}completed .* {2}track-many\/c {2}\(cut off: 62 frames are missing\)\n$/
  )

  const ambiguous = await run('jobs', 'show', 'track-many')
  expect([ambiguous.exit, ambiguous.stderr]).toEqual([
    3,
    expect.stringMatching(
      /^job-unknown: 3 jobs have an id that begins with track-many\n {2}clipmill jobs ls /
    )
  ])

  const { exit, stdout } = await run('jobs', 'cancel', 'track-many-z')
  expect([exit, stdout.trim()]).toEqual([5, 'track-many-z  waiting, to be cancelled'])
}, 120_000)

it.each([
  ['link', 'put', ''],
  ['link', 'put', 's3://elsewhere/clip.mp4'],
  ['link', 'get', 's3://results/']
])('%s %s "%s" names no key', async (...args) => {
  expect(await openShell().run(...args)).toMatchObject({
    exit: 2,
    stderr: expect.stringMatching(/^usage-wrong: .*is no key.*\n {2}.*: clipmill link --help\n$/) as string
  })
})

it('a folder that cannot be one is named, whoever looks into it', async () => {
  const file = path.join(temporaryFolder(), 'file')
  await writeFile(file, 'mine')
  for (const args of [['serve'], ['jobs', 'ls'], ['link', 'put', 'a.mp4']])
    expect(await start([...args, '--folder', file]).ended).toMatchObject({
      exit: 2,
      stderr: `folder-blocked: ${file} cannot be a folder: a file is in its way\n  choose another folder (CLIPMILL_HOME names the one that is used unasked), or move the file away\n`
    })
}, 60_000)
