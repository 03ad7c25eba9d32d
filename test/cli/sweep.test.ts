import { mkdir, readdir, utimes } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { sweep } from '../../cli/sweep.ts'
import { lockFolder } from '../../local/store/lock.ts'
import { temporaryFolder } from '../e2e/cli.ts'

it('of work that was begun long ago, what a process still works on stays', async () => {
  const runs = temporaryFolder()
  const eightDaysAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000)
  for (const name of ['old', 'old.results', 'working', 'working.results', 'young']) {
    await mkdir(path.join(runs, name, 'store'), { recursive: true })
    if (name !== 'young') await utimes(path.join(runs, name), eightDaysAgo, eightDaysAgo)
  }
  const unlock = await lockFolder(path.join(runs, 'working/store'))
  await sweep(runs)
  expect((await readdir(runs)).toSorted()).toEqual(['working', 'working.results', 'young'])
  await unlock()
})
