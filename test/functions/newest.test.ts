import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { newestKey } from '../../functions/shared/keys.ts'
import { putNewest } from '../../functions/store/newest.ts'
import { makeWorld } from './world.ts'

const example = manifestSchema.parse(
  JSON.parse(readFileSync(new URL('../../events/examples/manifest.json', import.meta.url), 'utf8'))
)
const manifestOf = (sequencer: string | undefined, frames: number) => ({
  ...example,
  frames,
  job: { ...example.job, clip: { ...example.job.clip, sequencer } }
})
const key = newestKey(example.job.task, example.job.name)

/** Frames of the manifest under the plain name after these have come, one after the other. */
const afterwards = async (...sequencers: (string | undefined)[]) => {
  const { context } = await makeWorld()
  for (const [i, sequencer] of sequencers.entries()) await putNewest(context, manifestOf(sequencer, i))
  return (await context.results.getJson(key, manifestSchema)).frames
}

it('under the plain name is the manifest of the newest upload, whichever job ended last', async () => {
  expect(await afterwards('0A', '0B')).toBe(1)
  expect(await afterwards('0B', '0A')).toBe(0)
  expect(await afterwards('0A', '0A')).toBe(1)
})

it('a shorter sequencer is compared as if it went on with noughts', async () => {
  expect(await afterwards('0B', '0A9')).toBe(0)
  expect(await afterwards('0A', '0A9')).toBe(1)
})

it('a ticket, which tells no sequencer, takes the place of what is there, and gives it up', async () => {
  expect(await afterwards('0B', undefined)).toBe(1)
  expect(await afterwards(undefined, '0A')).toBe(1)
})

it('one that cannot be read is replaced; a storage that fails is told', async () => {
  const { context } = await makeWorld()
  await context.results.put(key, 'no manifest', { contentType: 'application/json' })
  await putNewest(context, manifestOf('0A', 5))
  expect((await context.results.getJson(key, manifestSchema)).frames).toBe(5)
  const getJson = () => Promise.reject(new Error('away'))
  const failing = { ...context, results: { ...context.results, getJson } }
  await expect(putNewest(failing, manifestOf('0B', 6))).rejects.toThrow('away')
})
