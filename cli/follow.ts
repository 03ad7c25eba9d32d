import type { Picture } from '../models/picture.ts'
import type { Tlwh } from '../models/box.ts'
import type { Follower } from '../models/sot/follower.ts'
import { openFollower } from '../tasks/track/systems.ts'
import { openModel } from './model.ts'
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
  const opened = await openModel(model)

  /** The box on each picture, of the first one as it is given; fewer where the signal stopped it. */
  const follow = async (files: string[], box: Tlwh, settings: Settings, signal: AbortSignal) => {
    const follower = openFollower(opened.record, settings, opened.run)
    const boxes: Tlwh[] = []
    for await (const found of followed(follower, files, readPicture, box)) {
      boxes.push(found)
      if (signal.aborted) break
    }
    return boxes
  }
  return { follow, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
}
