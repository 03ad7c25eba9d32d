import { Fault } from '../events/faults.ts'
import type { Job } from '../events/job.ts'
import { problemsOf } from '../events/problems.ts'
import { catalogue, detectorsOf, type FindDetector } from '../models/catalogue/index.ts'
import type { Task } from './define.ts'
import { trackMany } from './track-many/index.ts'

/** The table of tasks; everything else reads it. */
export const tasks: Record<string, Task> = Object.fromEntries([trackMany].map(task => [task.name, task]))

/** @throws Fault task-unknown */
export const taskNamed = (name: string): Task => {
  if (!Object.hasOwn(tasks, name)) throw new Fault('task-unknown', { task: name, tasks: Object.keys(tasks) })
  return tasks[name]
}

/**
 * Complete options of what a person gave; unknown names are refused, since they are typing errors.
 * @param findDetector finds weights that the options name; by default in the catalogue
 * @throws Fault options-invalid
 */
export const completeOptions = (
  task: Task,
  given: Record<string, unknown>,
  findDetector: FindDetector = detectorsOf(catalogue)
) => {
  const parsed = task.options.strict().safeParse(given)
  if (parsed.success) return task.complete(parsed.data, findDetector) as Job['options']
  throw new Fault('options-invalid', {
    task: task.name,
    problems: problemsOf(parsed.error)
  })
}

/** The model of each stage that has one, by stage. */
export const modelsOf = (task: Task, options: unknown): Record<string, string> =>
  Object.fromEntries(task.stages.flatMap(stage => (stage.model ? [[stage.name, stage.model(options)]] : [])))
