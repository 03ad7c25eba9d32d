import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { decodePicture } from '../layers/inference/picture.ts'
import { openSession } from '../layers/inference/session.ts'
import { openModels } from '../layers/models/index.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import type { Tlwh } from '../models/mixsort/boxes.ts'
import { openFollower } from '../tasks/track/systems.ts'

type Settings = Parameters<typeof openFollower>[1]

/** Follows things through pictures as they lie in the folders of data sets, with one model. */
export const openPictureFollower = async (model: string) => {
  const folder = path.join(clipmillHome(), 'models')
  await ensureModels(folder, [model])
  const models = openModels(folder)
  const digest = models.digest(model)
  const record = await models.describe(digest)
  const directory = await models.directory(digest)
  const sessions = new Map(
    await Promise.all(
      record.graphs.map(
        async graph =>
          [graph, await openSession(directory, { threads: availableParallelism(), graph })] as const
      )
    )
  )

  /** The box on each picture, of the first one as it is given; fewer where the signal stopped it. */
  const follow = async (pictures: string[], box: Tlwh, settings: Settings, signal: AbortSignal) => {
    const follower = openFollower(record, settings, (feeds, graph) => sessions.get(graph)!.run(feeds))
    const read = async (file: string) => decodePicture(await readFile(file))
    let state = await follower.start(await read(pictures[0]), box)
    const boxes = [box]
    let coming = read(pictures[1])
    for (let i = 1; i < pictures.length && !signal.aborted; i++) {
      const picture = await coming
      // Decoded while the networks run.
      if (i + 1 < pictures.length) coming = read(pictures[i + 1])
      coming.catch(() => undefined)
      const next = await follower.step(state, picture)
      state = next.state
      boxes.push(next.box)
    }
    return boxes
  }
  return {
    follow,
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map(session => session[Symbol.asyncDispose]()))
    }
  }
}
