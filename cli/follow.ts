import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { Picture } from '../layers/inference/picture.ts'
import { openRuns } from '../layers/inference/runs.ts'
import { openSession } from '../layers/inference/session.ts'
import { openModels } from '../layers/models/index.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import type { Tlwh } from '../models/mixsort/boxes.ts'
import type { Follower } from '../models/sot/follower.ts'
import { openFollower } from '../tasks/track/systems.ts'
import { readPicture } from './pictures.ts'

type Settings = Parameters<typeof openFollower>[1]

/** The box on each picture, of the first one as it is given; the next one is decoded while the networks run. */
export async function* followed<Source>(
  follower: Follower<unknown>,
  sources: readonly Source[],
  read: (source: Source) => Promise<Picture>,
  box: Tlwh
): AsyncGenerator<Tlwh> {
  let coming = read(sources[0])
  let state: unknown
  for (const i of sources.keys()) {
    const picture = await coming
    if (i + 1 < sources.length) coming = read(sources[i + 1])
    // Its failure is met at its turn, if that comes.
    coming.catch(() => undefined)
    if (i === 0) {
      state = await follower.start(picture, box)
      yield box
      continue
    }
    const next = await follower.step(state, picture)
    state = next.state
    yield next.box
  }
}

/** Follows things through pictures as they lie in the folders of data sets, with one model. */
export const openPictureFollower = async (model: string) => {
  const folder = path.join(clipmillHome(), 'models')
  await ensureModels(folder, [model])
  const models = openModels(folder)
  const digest = models.digest(model)
  const record = await models.describe(digest)
  const directory = await models.directory(digest)
  const sessions = new AsyncDisposableStack()
  const { run } = openRuns(async graph =>
    sessions.use(await openSession(directory, { threads: availableParallelism(), graph }))
  )

  /** The box on each picture, of the first one as it is given; fewer where the signal stopped it. */
  const follow = async (files: string[], box: Tlwh, settings: Settings, signal: AbortSignal) => {
    const follower = openFollower(record, settings, run)
    const boxes: Tlwh[] = []
    for await (const found of followed(follower, files, readPicture, box)) {
      boxes.push(found)
      if (signal.aborted) break
    }
    return boxes
  }
  return { follow, [Symbol.asyncDispose]: () => sessions.disposeAsync() }
}
