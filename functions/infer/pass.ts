import type { Segment } from '../../events/clip.ts'
import { rowsOf } from '../../events/rows.ts'
import { openRuns, type Runs } from '../../layers/inference/runs.ts'
import type { Stage, StageContext } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { openGraph } from '../shared/sessions.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'

/** One stage of a job in one invocation. */
export interface Pass<S extends Stage = Stage> {
  context: Context
  work: Work
  stage: S
  stageContext: StageContext
  /** Of the stage's model. */
  runs?: Runs
}

export const openPass = async (context: Context, work: Work, stage: Stage): Promise<Pass> => {
  const digest = stage.model && work.job.models[stage.name]
  // No other segment of the job is worked on beside a fold.
  const threads = stage.kind === 'fold' ? context.foldThreads : context.threads
  const model = digest === undefined ? undefined : await context.models.describe(digest)
  const runs = model && openRuns(graph => openGraph(context, model, graph, threads))
  const stageContext: StageContext = {
    options: work.job.options,
    clip: work.plan.clip,
    pictures: work.plan.pictures,
    model,
    run: (feeds, graph = 'model') => runs!.run(feeds, graph)
  }
  return { context, work, stage, stageContext, ...(runs && { runs }) }
}

/** Writes a segment's rows, once. */
export const writeRows = async ({ context, work, stage }: Pass, segment: Segment, rows: unknown[]) => {
  const content = rowsOf(stage.row).parse({ stage: stage.name, segment: segment.index, rows })
  const key = keys(work.job.id).rows(stage.name, segment.index)
  await context.results.putOnce(key, JSON.stringify(content), { contentType: 'application/json' })
}

/**
 * Begins to measure; what it answers with writes down what the invocation took for so many of a segment's frames.
 * @param skipped frames of the segment that an invocation before had done
 */
export const startTiming = ({ context, work, stage, runs }: Pass, segment: Segment, skipped = 0) => {
  const elapsed = stopwatch()
  const modelSeconds = runs?.seconds() ?? 0
  return async (frames: number) => {
    const timing = {
      step: stage.name,
      seconds: elapsed(),
      frames,
      ...(runs && { modelSeconds: runs.seconds() - modelSeconds })
    }
    await keepTiming(context, work.job, segment.index, timing, skipped)
  }
}
