import { deserialize, serialize } from 'node:v8'
import { z } from 'zod'
import { frameTable, type Segment } from '../../events/clip.ts'
import { rowsOf } from '../../events/rows.ts'
import { decodePicture } from '../../layers/inference/picture.ts'
import type { Session } from '../../layers/inference/session.ts'
import type { EachStage, FoldStage, Frame, Stage, StageContext } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import { about, readWork, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { keepTiming, stopwatch } from '../shared/once.ts'
import { openModel } from '../shared/sessions.ts'
import { readPictures } from './frames.ts'

export const inferEvent = z.strictObject({
  job: z.string(),
  stage: z.string(),
  /** For a stage of kind `each`. */
  segment: z.int().nonnegative().optional()
})

/** A fold goes on to the next segment only if this much time is left: twice what a slow segment takes. */
const marginMilliseconds = 120_000

/** Frames of an `each` stage under way at a time: one in the model, the next one being prepared. */
const inFlight = 2

/**
 * Runs one stage over one segment (`each`) or over all that remain (`fold`), and writes the rows of each segment. Answers
 * `{ done: false }` where a fold has stopped ahead of its time limit; the next invocation goes on.
 */
export const infer = async (context: Context, event: z.infer<typeof inferEvent>) => {
  const work = await readWork(context, event.job)
  const stage = work.task.stages.find(({ name }) => name === event.stage)
  if (!stage) throw new Error(`${work.task.name} has no stage ${event.stage}`)
  const session = stage.model && (await openModel(context, work.job.models[stage.name]))
  const stageContext: StageContext = {
    options: work.job.options,
    clip: work.plan.clip,
    pictures: work.plan.pictures,
    run: feeds => session!.run(feeds)
  }
  const pass: Pass = { context, work, stage, stageContext, session }
  if (stage.kind === 'fold') return fold(pass, stage)
  await each(pass, stage, work.segments[event.segment!])
  return { done: true }
}

interface Pass {
  context: Context
  work: Work
  stage: Stage
  stageContext: StageContext
  session?: Session
}

const each = async (pass: Pass, stage: EachStage, segment: Segment) => {
  const { context, work, stageContext } = pass
  if (await context.results.exists(keys(work.job.id).rows(stage.name, segment.index))) return
  const handle = stage.open(stageContext)
  await writeRows(pass, segment, async (frames, done) => {
    const pending: Promise<unknown>[] = []
    for await (const frame of frames) {
      if (pending.length >= inFlight) await pending[pending.length - inFlight]
      const row = handle(frame).then(done)
      // Its failure is met where it is awaited, at the latest below.
      row.catch(() => undefined)
      pending.push(row)
    }
    return Promise.all(pending)
  })
}

const fold = async (pass: Pass, stage: FoldStage) => {
  const { context, work, stageContext } = pass
  const { results } = context
  const name = keys(work.job.id)
  const done = new Set<string>()
  for await (const { key } of results.list(name.rows(stage.name, 0).replace(/[^/]*$/, ''))) done.add(key)
  const remaining = work.segments.filter(({ index }) => !done.has(name.rows(stage.name, index)))
  if (remaining.length === 0) return { done: true }

  const first = remaining[0].index
  let state =
    first === 0
      ? stage.start(stageContext)
      : (deserialize(await results.get(name.state(stage.name, first - 1))) as unknown)
  for (const [count, segment] of remaining.entries()) {
    if (count > 0 && context.remaining() < marginMilliseconds) return { done: false }
    await writeRows(pass, segment, async (frames, progress) => {
      const rows: unknown[] = []
      for await (const frame of frames) {
        const next = await stage.step(stageContext, state, frame)
        state = next.state
        rows.push(progress(next.row))
      }
      // The state before the rows: where a segment's rows stand, the next one can begin.
      await results.putOnce(name.state(stage.name, segment.index), serialize(state), {
        contentType: 'application/octet-stream'
      })
      return rows
    })
  }
  return { done: true }
}

/** Reads a segment's frames, has them turned into rows, and writes these, once. */
const writeRows = async (
  { context, work, stage, session }: Pass,
  segment: Segment,
  turn: (frames: AsyncIterable<Frame>, progress: (row: unknown) => unknown) => Promise<unknown[]>
) => {
  const elapsed = stopwatch()
  const modelSeconds = session?.seconds ?? 0
  const name = keys(work.job.id)
  let frames = 0
  const rows = await turn(readFrames(context, work, stage, segment), row => {
    void context.announce({
      type: 'job.progress',
      ...about(context, work.job),
      step: stage.name,
      segment: segment.index,
      frames: ++frames
    })
    return row
  })
  await context.results.putOnce(
    name.rows(stage.name, segment.index),
    JSON.stringify(rowsOf(stage.row).parse({ stage: stage.name, segment: segment.index, rows })),
    { contentType: 'application/json' }
  )
  await keepTiming(context, work.job.id, segment.index, {
    step: stage.name,
    seconds: elapsed(),
    frames,
    ...(session && { modelSeconds: session.seconds - modelSeconds })
  })
}

async function* readFrames(
  { results }: Context,
  { job, task }: Work,
  stage: Stage,
  { index }: Segment
): AsyncIterable<Frame> {
  const name = keys(job.id)
  const table = await results.getJson(name.frames(index), frameTable)
  const before = task.stages.slice(0, task.stages.indexOf(stage))
  const rows = await Promise.all(
    before.map(async ({ name: earlier, row }) => {
      const { rows } = await results.getJson(name.rows(earlier, index), rowsOf(row))
      return [earlier, rows] as const
    })
  )
  const rowsOfFrame = (position: number) =>
    Object.fromEntries(rows.map(([earlier, all]) => [earlier, all[position]]))

  if (stage.pictures === false) {
    for (const [i, { index, pts }] of table.frames.entries())
      yield {
        index,
        pts,
        rows: rowsOfFrame(i),
        picture: () => Promise.reject(new Error(`${stage.name} asked for no pictures`))
      }
    return
  }
  let position = 0
  for await (const { index: frame, pts, data } of readPictures(results, name.pictures(index), table))
    yield { index: frame, pts, rows: rowsOfFrame(position++), picture: () => decodePicture(data) }
}
