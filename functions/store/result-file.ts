import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Manifest } from '../../events/manifest.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'

export type ResultFile = Manifest['files'][number]

/** Puts a finished local file among the job's results, whole or not at all. */
export const putResult = async (
  { results }: Context,
  { job }: Work,
  file: string,
  { name, format, contentType }: { name: string; format: string; contentType: string }
): Promise<ResultFile> => {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(createReadStream(file), async chunks => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
  })
  await results.uploadFile(job.results + name, file, { contentType })
  return { name, format, bytes, sha256: hash.digest('hex') }
}
