import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { announcementKey } from '../../local/announcements.ts'
import { chooseAddress, keepAddress } from '../../local/address.ts'
import { openBuckets } from '../../local/buckets.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { start, temporaryFolder } from './cli.ts'

let ports = 40_000 + (process.pid % 10_000)

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
    .toMatchObject([{ state: 'completed', clip: 'clip.mp4' }])

  const [{ id }] = await list()
  const { stdout } = await run('jobs', 'show', id.slice(0, -4))
  expect(stdout).toMatch(/completed[^]*results\/track-many\/clip\.mp4\/.*tracks\.csv/)
  const get = (await run('link', 'get', 'track-many/clip.mp4/manifest.json')).stdout.trim()
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
  for (const clip of ['a', 'b', 'c']) {
    const at = '2026-01-01T00:00:00Z'
    const job = `track-many-${clip === 'a' ? 'z' : clip}`
    const accepted: Announcement = { type: 'job.accepted', job, task: 'track-many', clip, at }
    await buckets.results.put(announcementKey(accepted)!, JSON.stringify(accepted), {
      contentType: 'application/json'
    })
  }
  expect((await list()).map(({ clip }) => clip)).toEqual(['a', 'b', 'c'])
  expect((await list('--last', '2')).map(({ clip }) => clip)).toEqual(['b', 'c'])
  expect((await run('jobs', 'ls', '--last', '2')).stderr).toContain('the newest 2 of 3 jobs')

  const { exit, stdout } = await run('jobs', 'cancel', 'track-many-z')
  expect([exit, stdout.trim()]).toEqual([5, 'track-many-z  waiting, to be cancelled'])
}, 120_000)
