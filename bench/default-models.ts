import path from 'node:path'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import { taskNamed } from '../tasks/index.ts'

/** Builds, ahead of what is measured, the models that a task needs with its default options. @returns their folder */
export const defaultModels = async (taskName: string): Promise<string> => {
  const folder = path.join(clipmillHome(), 'models')
  await ensureModels(folder, taskNamed(taskName).models)
  return folder
}
