import { createHash } from 'node:crypto'
import packageJson from '../../package.json' with { type: 'json' }
import { frameTable } from '../../events/clip.ts'
import { job as jobSchema, type Job, type Limits } from '../../events/job.ts'
import { plan as planSchema } from '../../events/plan.ts'
import { rowsOf } from '../../events/rows.ts'
import type { Upload } from '../../events/upload.ts'
import { modelsAmong, type FindModel } from '../../models/catalogue/index.ts'
import { activeStages, completeOptions, modelsOf, taskNamed } from '../../tasks/index.ts'
import type { Context } from './context.ts'
import { keys, segmentOf, shortened } from './keys.ts'

/**
 * The job of a request. Its id follows from the upload (bucket, key, version or content tag), the task, the complete
 * options, the limits, the digests of the models and our version, so the same request is the same job whenever and
 * however often it comes.
 * @param findBuilt finds weights beside those of the catalogue: a user's own that stand built
 * @throws Fault task-unknown, options-invalid, model-not-built
 */
export const makeJob = (
  request: {
    clip: Upload
    name: string
    task: string
    options: Record<string, unknown>
    limits?: Limits | undefined
  },
  digest: (model: string) => string,
  findBuilt: FindModel = () => undefined
): Job => {
  const { clip, name, limits } = request
  const task = taskNamed(request.task)
  const options = completeOptions(task, request.options, name => modelsAmong()(name) ?? findBuilt(name))
  const models = Object.fromEntries(
    Object.entries(modelsOf(task, options)).map(([stage, model]) => [stage, digest(model)])
  )
  const identity = [
    packageJson.version,
    clip.bucket,
    clip.key,
    clip.version ?? clip.etag,
    task.name,
    sorted(options),
    sorted(models),
    // With higher ones, what was refused is tried anew.
    ...(limits ? [sorted(limits)] : [])
  ]
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 24)
  return {
    id: `${task.name}-${hash}`,
    task: task.name,
    clip,
    name,
    options,
    ...(limits && { limits }),
    models,
    results: `${task.name}/${shortened(name)}/${hash}/`
  }
}

const sorted = (record: Record<string, unknown>) =>
  Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))

export const readJob = ({ results }: Pick<Context, 'results'>, id: string): Promise<Job> =>
  results.getJson(keys(id).job, jobSchema)

/** The job with its task, its plan and the segments that were given up: what every step behind `plan` starts from. */
export const readWork = async (context: Context, id: string) => {
  const [job, plan, missing] = await Promise.all([
    readJob(context, id),
    context.results.getJson(keys(id).plan, planSchema),
    readMissing(context, id)
  ])
  return { job, task: taskNamed(job.task), plan, missing }
}

/** Numbers of the segments that were given up. */
const readMissing = async ({ results }: Context, id: string) => {
  const missing = new Set<number>()
  for await (const { key } of results.list(keys(id).missings)) missing.add(segmentOf(key))
  return missing
}
export type Work = Awaited<ReturnType<typeof readWork>>

/** Numbers of the segments that are worked on. */
export const presentSegments = ({ plan, missing }: Work) =>
  Array.from(Array(plan.segments).keys()).filter(segment => !missing.has(segment))

/** The last stage's rows of one segment, with the time stamps of their frames. */
export const readSegmentRows = async ({ results }: Context, { job, task }: Work, segment: number) => {
  const name = keys(job.id)
  const last = activeStages(task, job.options).at(-1)!
  const [table, { rows }] = await Promise.all([
    results.getJson(name.frames(segment), frameTable),
    results.getJson(name.rows(last.name, segment), rowsOf(last.row))
  ])
  return {
    table,
    rows: rows.map((row, i) => ({ index: table.frames[i].index, pts: table.frames[i].pts, row }))
  }
}

/** What the job's announcements have in common. */
export const about = (context: Pick<Context, 'now'>, job: Job) => ({
  job: job.id,
  task: job.task,
  clip: job.name,
  key: job.clip.key,
  at: context.now().toISOString()
})
