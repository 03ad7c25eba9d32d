import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { Fault } from '../../events/faults.ts'
import type { Job } from '../../events/job.ts'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { keys } from '../../functions/shared/keys.ts'
import { openBuckets } from '../../local/buckets.ts'
import { makeClip } from '../layers/media/make-clip.ts'
import { start, temporaryFolder } from './cli.ts'

/** A clip of two segments; nothing can be made of the pictures of the first. */
const makeHalf = async (file: string) => {
  const pictures = { codec: 'mjpeg', options: { strict: 'unofficial' } }
  await makeClip(file, { container: 'matroska', width: 128, height: 96, frames: 120, ...pictures })
  const bytes = readFileSync(file)
  let at = 0
  for (let picture = 0; picture < 60; picture++) {
    at = bytes.indexOf('ffd8ff', at, 'hex')
    bytes.fill(0, at, at + 300)
  }
  writeFileSync(file, bytes)
}

/** Has a segment count as given up because a process was lost. */
const giveUp = async (folder: string, { id }: Job, segment: number) => {
  await using buckets = await openBuckets({ folder })
  const fault = new Fault('worker-lost', { step: 'decode', reason: 'killed' })
  await buckets.results.put(keys(id).missing(segment), JSON.stringify(fault), {
    contentType: 'application/json'
  })
}

it('a clip that ended in part: the same command does what is missing, as far as that can be done', async () => {
  const [home, out] = [temporaryFolder(), temporaryFolder()]
  const clip = path.join(out, 'half.mkv')
  await makeHalf(clip)
  const run = async () => {
    const ended = await start(
      ['run', 'track-many', clip, '--no-overlay', '--detector-size', '160', '--out', out],
      { home }
    ).ended
    expect(ended.exit, ended.stderr).toBe(7)
    expect(ended.stderr).toContain('the same command tries them again')
    const manifest = readFileSync(path.join(out, 'track-many/half.mkv/manifest.json'), 'utf8')
    const { job, missing } = manifestSchema.parse(JSON.parse(manifest))
    return { job, missing: missing.map(({ first, last, fault }) => [first, last, fault.code]) }
  }
  const first = await run()
  expect(first.missing).toEqual([[0, 59, 'clip-damaged']])

  const runs = path.join(home, 'runs')
  const [work] = readdirSync(runs)
  await giveUp(path.join(runs, work), first.job, 1)
  expect(await run()).toEqual(first)
})
