import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { ModelRecord } from '../events/model.ts'
import { openRuns, type Runs } from '../layers/inference/runs.ts'
import { openSession } from '../layers/inference/session.ts'
import { openModels } from '../layers/models/index.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'

/** A model of this machine to be run by a command itself, outside of the chain; built first where it is not. */
export const openModel = async (
  name: string
): Promise<{ record: ModelRecord; run: Runs['run'] } & AsyncDisposable> => {
  const folder = path.join(clipmillHome(), 'models')
  await ensureModels(folder, [name])
  const models = openModels(folder)
  const digest = models.digest(name)
  const record = await models.describe(digest)
  const directory = await models.directory(digest)
  const sessions = new AsyncDisposableStack()
  const { run } = openRuns(async graph =>
    sessions.use(
      await openSession(directory, { threads: availableParallelism(), graph, arena: record.arena })
    )
  )
  return { record, run, [Symbol.asyncDispose]: () => sessions.disposeAsync() }
}
