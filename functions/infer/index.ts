import { deserialize, serialize } from 'node:v8'
import { z } from 'zod'
import { frameTable, type Segment } from '../../events/clip.ts'
import { rowsOf } from '../../events/rows.ts'
import { decodePicture } from '../../layers/inference/picture.ts'
import type { Session } from '../../layers/inference/session.ts'
import type { EachStage, FoldStage, Frame, Stage, StageContext } from '../../tasks/define.ts'
import { foldMargin } from '../chain.ts'
import type { Context } from '../shared/context.ts'
import { readWork, type Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { progressOf } from '../shared/progress.ts'
import { readSegment, readSegments } from '../shared/segments.ts'
import { openModel } from '../shared/sessions.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { readPictures } from './frames.ts'

export const inferEvent = z.strictObject({
  job: z.string(),
  stage: z.string(),
  /** Of a stage of kind `each`; a fold goes through all that remain. */
  segment: z.int().nonnegative().optional()
})

/** Frames of an `each` stage under way at a time: one in the model, the next one being prepared. */
const inFlight = 2

/**
 * Runs one stage over one segment (`each`) or over all that remain (`fold`), and writes the rows of each segment. Answers
 * `{ done: false }` where a fold has stopped ahead of its time limit; the next invocation goes on.
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
  const digest = stage.model ? work.job.models[stage.name] : undefined
  const session = digest === undefined ? undefined : await openModel(context, digest)
  const stageContext: StageContext = {
    options: work.job.options,
    clip: work.plan.clip,
    pictures: work.plan.pictures,
    model: digest === undefined ? undefined : await context.models.describe(digest),
    run: feeds => session!.run(feeds)
  }
  const pass: Pass = { context, work, stage, stageContext, session }
  if (stage.kind === 'fold') return { done: await fold(pass, stage) }
  if (segment === undefined) throw new Error(`${name} handles one segment at a time`)
  if (work.missing.has(segment)) return { done: true }
  await each(pass, stage, await readSegment(context, id, segment))
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
  const handle = stage.open(pass.stageContext)
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

const fold = async (pass: Pass, stage: FoldStage): Promise<boolean> => {
  const { context, work, stageContext } = pass
  const { results } = context
  const name = keys(work.job.id)
  const done = new Set<string>()
  for await (const { key } of results.list(name.rowsOf(stage.name))) done.add(key)
  const segments = await readSegments(context, work.job.id)
  const first = segments.findIndex(({ index }) => !done.has(name.rows(stage.name, index)))
  if (first === -1) return true

  let state =
    first === 0
      ? stage.start(stageContext)
      : (deserialize(await results.get(name.state(stage.name, first - 1))) as unknown)
  for (const segment of segments.slice(first)) {
    if (segment.index > first && context.remaining() < foldMargin * 1000) return false
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
  return true
}

/** Reads a segment's frames, has them turned into rows, and writes these, once. */
const writeRows = async (
  { context, work, stage, session }: Pass,
  segment: Segment,
  turn: (frames: AsyncIterable<Frame>, done: (row: unknown) => unknown) => Promise<unknown[]>
) => {
  const elapsed = stopwatch()
  const modelSeconds = session?.seconds ?? 0
  const tell = progressOf(context, work.job, stage.name, segment)
  let frames = 0
  const rows = await turn(readFrames(context, work, stage, segment), row => {
    tell(++frames)
    return row
  })
  const content = rowsOf(stage.row).parse({ stage: stage.name, segment: segment.index, rows })
  await context.results.putOnce(keys(work.job.id).rows(stage.name, segment.index), JSON.stringify(content), {
    contentType: 'application/json'
  })
  await keepTiming(context, work.job, segment.index, {
    step: stage.name,
    seconds: elapsed(),
    frames,
    ...(session && { modelSeconds: session.seconds - modelSeconds })
  })
}

async function* readFrames(
  { results }: Context,
  { job, task, missing }: Work,
  stage: Stage,
  { index: segment }: Segment
): AsyncIterable<Frame> {
  // A fold passes over a gap with its state as it is.
  if (missing.has(segment)) return
  const name = keys(job.id)
  const table = await results.getJson(name.frames(segment), frameTable)
  const before = task.stages.slice(0, task.stages.indexOf(stage))
  const rows = await Promise.all(
    before.map(async ({ name: earlier, row }) => {
      const { rows } = await results.getJson(name.rows(earlier, segment), rowsOf(row))
      return [earlier, rows] as const
    })
  )
  const rowsAt = (position: number) =>
    Object.fromEntries(rows.map(([earlier, all]) => [earlier, all[position]]))

  if (stage.pictures === false) {
    const picture = () => Promise.reject(new Error(`${stage.name} asked for no pictures`))
    for (const [i, { index, pts }] of table.frames.entries()) yield { index, pts, rows: rowsAt(i), picture }
    return
  }
  let position = 0
  for await (const { index, pts, data } of readPictures(results, name.pictures(segment), table))
    yield { index, pts, rows: rowsAt(position++), picture: () => decodePicture(data) }
}
