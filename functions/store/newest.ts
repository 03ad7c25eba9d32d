import { isFault } from '../../events/faults.ts'
import { manifest as manifestSchema, type Manifest } from '../../events/manifest.ts'
import type { Context } from '../shared/context.ts'
import { newestKey } from '../shared/keys.ts'
import type { Storage } from '../shared/storage.ts'

/** Sequencers of one key are compared as text, the shorter one padded on the right. A ticket tells none: it counts as newer. */
const isOlder = (a: string | undefined, b: string | undefined) => {
  if (a === undefined || b === undefined) return false
  const length = Math.max(a.length, b.length)
  return a.padEnd(length, '0') < b.padEnd(length, '0')
}

/**
 * Puts the manifest under the clip's plain name, `<task>/<clip name>/manifest.json`, unless the one there is of a newer
 * upload: of two that came in a row and ended in any order, the newer one stays.
 */
export const putNewest = async ({ results }: Context, manifest: Manifest) => {
  const { job } = manifest
  const key = newestKey(job.task, job.name)
  for (;;) {
    const present = await results.head(key)
    if (present) {
      const other = await readManifest(results, key)
      if (other && isOlder(job.clip.sequencer, other.job.clip.sequencer)) return
    }
    const written = await results.replace(key, JSON.stringify(manifest, null, 2), {
      contentType: 'application/json',
      etag: present?.etag
    })
    if (written) return
  }
}

/** undefined where it went meanwhile, or is of another version of ours */
const readManifest = (results: Storage, key: string) =>
  results.getJson(key, manifestSchema).catch((error: unknown) => {
    if (isFault(error) && ['object-missing', 'object-invalid'].includes(error.code)) return undefined
    throw error
  })
