import { symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import type * as Scratch from '../../functions/shared/scratch.ts'
import { openWorld, prepare, resultsOf, startStore, submit, undisturbed, walk, withoutPauses } from './job.ts'

const full = vi.hoisted(() => ({ file: '' }))

/** Scratch folders on whose disk there is no space for the file `full.file`: each byte of it is refused by the kernel. */
vi.mock('../../functions/shared/scratch.ts', async importOriginal => {
  const { scratchFolder } = await importOriginal<typeof Scratch>()
  return {
    scratchFolder: async (...args: Parameters<typeof scratchFolder>) => {
      const folder = await scratchFolder(...args)
      if (full.file) await symlink('/dev/full', path.join(folder.path, full.file))
      return folder
    }
  }
})

withoutPauses()
const bench = await prepare(96)
afterAll(() => bench[Symbol.asyncDispose]())
afterEach(() => {
  full.file = ''
})
const expected = await undisturbed(bench)

it.each([
  ['sound.mka', 'decode 0'],
  ['pictures.bin', 'decode 0'],
  ['overlay.nut', 'render 0'],
  ['rows.jsonl', 'store'],
  ['tracks.json', 'store'],
  ['overlay.mp4', 'store'],
  ['picture.jpg', 'store']
])(
  'no space for %s in scratch ends the job as disk-full, in %s; with space it goes on',
  async (file, step) => {
    await using store = await startStore(bench)
    using world = openWorld(bench, store.endpoint)
    const { context, announced } = world
    const job = await submit(context, bench)
    full.file = file
    const calls: string[] = []
    await expect(walk(context, job, call => calls.push(call))).rejects.toMatchObject({ code: 'disk-full' })
    // Tried once: no pause would help. Then `store` is told of it, whose disk is another one.
    expect(calls.filter(call => call === step)).toHaveLength(step === 'store' ? 2 : 1)
    expect(announced.at(-1)).toMatchObject({ type: 'job.failed', fault: { code: 'disk-full' } })

    full.file = ''
    await walk(context, job)
    // What the first try left stays beside the results; the manifest there says that a later one went well.
    const error = `${job.results}error.json`
    expect(await resultsOf(context.results, job)).toEqual({
      ...expected,
      [error]: expect.any(String) as string
    })
  }
)
