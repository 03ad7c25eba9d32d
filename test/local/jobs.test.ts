import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Announcement } from '../../events/announcement.ts'
import { Fault } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'
import { about, makeJob } from '../../functions/shared/job.ts'
import { keys } from '../../functions/shared/keys.ts'
import type { Storage } from '../../functions/shared/storage.ts'
import { openAnnouncer } from '../../local/announcer.ts'
import { jobState } from '../../local/announcements.ts'
import { openBuckets } from '../../local/buckets.ts'
import { controlKey } from '../../local/controls.ts'
import { openJobs } from '../../local/jobs.ts'

const clip = { bucket: 'uploads', key: 'track-many/a.mp4', bytes: 4, etag: 'abcd' }
const job = makeJob({ clip, name: 'a.mp4', task: 'track-many', options: {} }, () => 'digest')
const json = { contentType: 'application/json' }

/** Jobs over real buckets, with one job that is written down and accepted; `walk` stands for the pipeline. */
const openWorld = async ({ walk, stop }: { walk?: (job: Job) => void; stop?: () => void } = {}) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-jobs-'))
  const buckets = await openBuckets({ folder })
  const disk = { full: false }
  const results: Storage = {
    ...buckets.results,
    putOnce: async (key, ...more) => {
      if (disk.full) throw new Fault('storage-full', { bucket: 'results', key })
      return buckets.results.putOnce(key, ...more)
    }
  }
  const warnings: string[] = []
  const ending = new AbortController()
  const announcer = openAnnouncer({ results, show: () => undefined, onFailure: () => undefined })
  const jobs = openJobs({
    results,
    announcer,
    start: job => Promise.resolve(walk?.(job)),
    stop: () => Promise.resolve(stop?.()),
    warn: what => warnings.push(what),
    signal: ending.signal,
    pause: 20
  })
  onTestFinished(async () => {
    ending.abort()
    await buckets[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const announce = (type: 'job.accepted' | 'job.completed') =>
    announcer.take({ type, ...now(), ...(type === 'job.completed' && { manifest: 'm' }) } as Announcement)
  await results.put(keys(job.id).job, JSON.stringify(job), json)
  announce('job.accepted')
  await announcer.settled()
  return { ...jobs, results, disk, warnings, announce, state: () => jobState(results, job.id) }
}
const now = () => about({ now: () => new Date() }, job)

it('a job whose end could not be kept is taken up again until it is', async () => {
  let walks = 0
  const world = await openWorld({
    walk: () => {
      if (++walks === 3) world.disk.full = false
      world.announce('job.completed')
      void world.onEnd(job, undefined)
    }
  })
  world.disk.full = true
  world.announce('job.completed')
  void world.onEnd(job, new Fault('disk-full', { path: '' }))
  await expect.poll(world.state).toBe('completed')
  expect(walks).toBe(3)
  expect(world.warnings).toHaveLength(3)
  expect(world.warnings[2]).toBe(`${job.id} is taken up again in 0.08 s, since its end could not be kept`)
})

it('cancelled while its end is under way, it has ended in one way', async () => {
  const world = await openWorld({ stop: () => world.announce('job.completed') })
  await world.results.put(controlKey(job.id, 'cancel'), '{}', json)
  await world.obey(controlKey(job.id, 'cancel'))
  expect(await world.state()).toBe('completed')
  // An end that comes later still changes nothing.
  expect(await world.admit(job)).toBe(false)
  expect(await world.results.exists(`announcements/${job.id}/job.cancelled.json`)).toBe(false)
})

it('a wish that could not be granted is left for the next start', async () => {
  const { disk, results, obey, resume, state, warnings } = await openWorld()
  const key = controlKey(job.id, 'cancel')
  await results.put(key, '{}', json)
  disk.full = true
  await obey(key)
  expect(warnings).toEqual([`cancel ${job.id} is left for the next start`])
  disk.full = false
  await resume()
  expect(await state()).toBe('cancelled')
  expect(await results.exists(key)).toBe(false)
})

it('goes on with what it can read, and says what it cannot', async () => {
  const started: string[] = []
  const { results, resume, warnings } = await openWorld({ walk: ({ id }) => started.push(id) })
  await results.put('announcements/odd', '{}', json)
  await results.put(`announcements/${job.id}/notes.txt`, 'odd too', json)
  await results.put('announcements/track-many-0/job.accepted.json', '{}', json)
  await results.put(keys('track-many-0').job, '{"of": "another version"}', json)
  await results.put('announcements/track-many-2/job.accepted.json', '{}', json)
  await resume()
  expect(started).toEqual([job.id])
  expect(warnings).toEqual(['track-many-0 cannot go on'])
})
