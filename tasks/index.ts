import { Fault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { problemsOf } from '../events/problems.ts'
import { modelsAmong, weightsNamed, type FindModel } from '../models/catalogue/index.ts'
import type { Stage, Task } from './define.ts'
import { interpolate } from './interpolate/index.ts'
import { trackMany } from './track-many/index.ts'
import { track } from './track/index.ts'
import { upscale } from './upscale/index.ts'

/** The table of tasks; everything else reads it. */
export const tasks: Record<string, Task> = Object.fromEntries(
  [trackMany, track, interpolate, upscale].map(task => [task.name, task])
)

/** @throws Fault task-unknown */
export const taskNamed = (name: string): Task => {
  if (!Object.hasOwn(tasks, name)) throw new Fault('task-unknown', { task: name, tasks: Object.keys(tasks) })
  return tasks[name]
}

/**
 * Complete options of what a person gave; unknown names are refused, since they are typing errors.
 * @param findModel finds weights that the options name; by default in the catalogue
 * @throws Fault options-invalid
 */
export const completeOptions = (
  task: Task,
  given: Record<string, unknown>,
  findModel: FindModel = modelsAmong()
) => {
  const parsed = task.options.strict().safeParse(given)
  if (parsed.success) return task.complete(parsed.data, findModel) as Job['options']
  throw new Fault('options-invalid', {
    task: task.name,
    problems: problemsOf(parsed.error)
  })
}

/** The stages that have something to do. */
export const activeStages = (task: Task, options: unknown): Stage[] =>
  task.stages.filter(stage => !stage.idle?.(options))

/** The model of each stage that runs one, by stage. */
export const modelsOf = (task: Task, options: unknown): Record<string, string> =>
  Object.fromEntries(
    activeStages(task, options).flatMap(stage => (stage.model ? [[stage.name, stage.model(options)]] : []))
  )

/** Names of the tasks whose models come with the package: they work on a fresh clone, and are deployed where nobody names tasks. */
export const readyTasks = Object.values(tasks)
  .filter(
    ({ models }) => models.length > 0 && models.every(model => weightsNamed(model).file.kind === 'package')
  )
  .map(({ name }) => name)
