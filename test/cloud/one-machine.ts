import path from 'node:path'
import { openBuckets, type Buckets } from '../../local/buckets.ts'
import { ensureModels } from '../../local/models.ts'
import { openPipeline } from '../../local/pipeline.ts'
import { resultsOf } from './results.ts'

/** What the runner of one machine makes of a clip that is uploaded under `key`. */
export const runHere = async (folder: string, key: string, file: string) => {
  const models = path.join(folder, 'models')
  await ensureModels(models, ['clipmill-person-nano'])
  await using buckets: Buckets = await openBuckets({ folder, versions: true })
  const ended = Promise.withResolvers<undefined>()
  await using pipeline = await openPipeline({
    buckets,
    folder,
    models,
    announce: () => undefined,
    admit: () => Promise.resolve(true),
    onUpload: (_, taken) => void taken.then(({ started }) => pipeline.start(started[0])),
    onEnd: (_, error) => (error ? ended.reject(error) : ended.resolve(undefined)),
    signal: new AbortController().signal
  })
  await buckets.uploads.uploadFile(key, file, { contentType: 'video/mp4' })
  await ended.promise
  return await resultsOf(buckets.results, key)
}
