import { z } from 'zod'
import type { EachStage, FoldStage, PictureStage } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import { readWork } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { readSegment } from '../shared/segments.ts'
import { each } from './each.ts'
import { fold } from './fold.ts'
import { makePictures } from './make.ts'
import { openPass, type Pass } from './pass.ts'

export const inferEvent = z.strictObject({
  job: z.string(),
  stage: z.string(),
  /** Of a stage that handles segments by themselves; a fold goes through all that remain. */
  segment: z.int().nonnegative().optional()
})

/**
 * Runs one stage over one segment (`each`, `pictures`) or over all that remain (`fold`), and writes the rows of each segment. Answers
 * `{ done: false }` where a fold has stopped ahead of its time limit, at any frame; the next invocation goes on.
 */
export const infer = async (
  context: Context,
  { job: id, stage: name, segment }: z.infer<typeof inferEvent>
) => {
  const rows = segment !== undefined && keys(id).rows(name, segment)
  if (rows && (await context.results.exists(rows))) return { done: true }
  const work = await readWork(context, id)
  const stage = work.task.stages.find(stage => stage.name === name)
  if (!stage) throw new Error(`${work.task.name} has no stage ${name}`)
  if (stage.idle?.(work.job.options)) return { done: true }
  const pass = await openPass(context, work, stage)
  if (stage.kind === 'fold') return { done: await fold(pass as Pass<FoldStage>) }
  if (segment === undefined) throw new Error(`${name} handles one segment at a time`)
  if (work.missing.has(segment)) return { done: true }
  const place = await readSegment(context, id, segment)
  if (stage.kind === 'each') await each(pass as Pass<EachStage>, place)
  else await makePictures(pass as Pass<PictureStage>, place)
  return { done: true }
}
