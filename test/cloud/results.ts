import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { newestKey } from '../../functions/shared/keys.ts'
import type { Storage } from '../../functions/shared/storage.ts'

/**
 * The results of the newest upload under `key` (`<task>/<name>`): files by name, a character a byte, and of the manifest
 * what does not follow from where and when the job ran. In place of its id, which follows from the upload's version, is
 * "the job".
 */
export const resultsOf = async (results: Storage, key: string) => {
  const [task, name] = key.split('/')
  const found = await results.getJson(newestKey(task, name), manifestSchema)
  const { job, timings, files, ...manifest } = found
  const contents: Record<string, string> = {}
  for (const { name, sha256 } of files) {
    const bytes = await results.get(job.results + name)
    expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256)
    contents[name] = Buffer.from(bytes).toString('latin1').replaceAll(job.id, 'the job')
  }
  const { options, models } = job
  return {
    contents,
    files: files.map(({ name, format, bytes }) => ({ name, format, bytes })),
    manifest: { ...manifest, versions: undefined, cost: undefined, options, models },
    /** What each step counted. */
    counts: Object.fromEntries(timings.map(({ step, frames, invocations }) => [step, [frames, invocations]]))
  }
}
