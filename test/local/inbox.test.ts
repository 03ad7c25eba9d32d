import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { Storage } from '../../functions/shared/storage.ts'
import { watchInbox } from '../../local/inbox.ts'
import { tasks } from '../../tasks/index.ts'

/** An inbox over a bucket that keeps the keys of what was uploaded, and refuses those that `refuse` says. */
const openInbox = async (refuse: (key: string) => boolean = () => false) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-inbox-'))
  const uploaded: string[] = []
  const tried: string[] = []
  const warnings: string[] = []
  const uploads = {
    head: () => Promise.resolve(undefined),
    uploadFile: (key: string) => {
      tried.push(key)
      if (refuse(key)) return Promise.reject(new Error(`no space for ${key}`))
      uploaded.push(key)
      return Promise.resolve('written')
    }
  } as unknown as Storage
  const inbox = await watchInbox({
    folder,
    uploads,
    warn: error => warnings.push((error as Error).message),
    signal: new AbortController().signal
  })
  onTestFinished(async () => {
    await inbox[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const drop = (name: string, text = name) => writeFile(path.join(folder, name), text)
  return { folder, uploaded, tried, warnings, drop }
}
const soon = { timeout: 8000 }

it('has a folder for each task from the start', async () => {
  const { folder } = await openInbox()
  expect((await readdir(folder)).toSorted()).toEqual(Object.keys(tasks).toSorted())
})

it('what goes with a clip goes ahead of it, tickets last', async () => {
  const { uploaded, drop } = await openInbox()
  for (const name of ['a.job.json', 'track-many/a.mp4', 'track-many/a.mp4.json']) await drop(name)
  await expect.poll(() => uploaded, soon).toEqual(['track-many/a.mp4.json', 'track-many/a.mp4', 'a.job.json'])
})

it('a file that grows is taken once it has stopped', async () => {
  const { folder, uploaded, drop } = await openInbox()
  await drop('track-many/a.mp4')
  for (let i = 0; i < 8; i++) {
    await sleep(200)
    await appendFile(path.join(folder, 'track-many/a.mp4'), 'more')
    expect(uploaded).toEqual([])
  }
  await expect.poll(() => uploaded, soon).toEqual(['track-many/a.mp4'])
  await appendFile(path.join(folder, 'track-many/a.mp4'), 'more')
  await expect.poll(() => uploaded, soon).toEqual(['track-many/a.mp4', 'track-many/a.mp4'])
})

it('what cannot be uploaded is said once and tried ever less often, and holds up only what needs it', async () => {
  let full = true
  const { uploaded, tried, warnings, drop } = await openInbox(key => full && key.includes('a.mp4.json'))
  for (const name of ['track-many/a.mp4', 'track-many/a.mp4.json', 'track-many/b.mp4']) await drop(name)
  await expect.poll(() => uploaded, soon).toEqual(['track-many/b.mp4'])
  await expect.poll(() => tried.length, soon).toBe(4)
  expect(uploaded).toEqual(['track-many/b.mp4'])
  expect(warnings).toEqual(['no space for track-many/a.mp4.json'])
  full = false
  await expect
    .poll(() => uploaded, soon)
    .toEqual(['track-many/b.mp4', 'track-many/a.mp4.json', 'track-many/a.mp4'])
})

it('a folder that is away is said once', async () => {
  const { folder, warnings } = await openInbox()
  await rm(folder, { recursive: true })
  await expect.poll(() => warnings.length, soon).toBe(1)
  await sleep(1200)
  expect(warnings).toHaveLength(1)
})
