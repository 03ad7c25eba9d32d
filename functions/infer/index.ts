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
import { openGraph } from '../shared/sessions.ts'
import { keepTiming, stopwatch } from '../shared/timing.ts'
import { pictureReader } from './frames.ts'

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
  const model = stage.model && (await openModel(context, stage, work.job.models[stage.name]))
  const stageContext: StageContext = {
    options: work.job.options,
    clip: work.plan.clip,
    pictures: work.plan.pictures,
    model: model?.record,
    run: (feeds, graph = 'model') => model!.graphs[graph].run(feeds)
  }
  const pass: Pass = { context, work, stage, stageContext, sessions: Object.values(model?.graphs ?? {}) }
  if (stage.kind === 'fold') return { done: await fold(pass, stage) }
  if (segment === undefined) throw new Error(`${name} handles one segment at a time`)
  if (work.missing.has(segment)) return { done: true }
  await each(pass, stage, await readSegment(context, id, segment))
  return { done: true }
}

/** A model's record, and a session of each of its graphs. */
const openModel = async (context: Context, { kind }: Stage, digest: string) => {
  const record = await context.models.describe(digest)
  // Nothing runs beside a fold.
  const threads = kind === 'fold' ? context.foldThreads : context.threads
  const sessions = await Promise.all(
    record.graphs.map(async graph => [graph, await openGraph(context, digest, graph, threads)] as const)
  )
  return { record, graphs: Object.fromEntries(sessions) }
}

interface Pass {
  context: Context
  work: Work
  stage: Stage
  stageContext: StageContext
  /** Of the stage's model. */
  sessions: Session[]
}

const secondsOf = (sessions: Session[]) => sessions.reduce((sum, { seconds }) => sum + seconds, 0)

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

/** A fold's way through a segment, as far as it has come. */
interface Part {
  state: unknown
  rows: unknown[]
}

const fold = async (pass: Pass, stage: FoldStage): Promise<boolean> => {
  const { context, work, stageContext } = pass
  const { results } = context
  const name = keys(work.job.id)
  const done = new Set<string>()
  for await (const { key } of results.list(name.rowsOf(stage.name))) done.add(key)
  const all = await readSegments(context, work.job.id)
  const segments = stage.backward ? all.toReversed() : all
  const first = segments.findIndex(({ index }) => !done.has(name.rows(stage.name, index)))
  if (first === -1) return true

  let { state, rows } = await resume(
    pass,
    stage,
    segments[first],
    first > 0 ? segments[first - 1] : undefined
  )
  const isLate = lateness(context)
  for (const segment of segments.slice(first)) {
    const finished = await writeRows(
      pass,
      segment,
      async (frames, progress) => {
        for await (const frame of frames) {
          if (isLate()) {
            const part: Part = { state, rows }
            // Before a segment's first frame there is nothing that the state behind the last one lacks.
            if (rows.length > 0)
              await results.putOnce(
                name.part(stage.name, segment.index, rows.length),
                serialize(part),
                binary
              )
            return undefined
          }
          const next = await stage.step(stageContext, state, frame)
          state = next.state
          rows.push(progress(next.row))
        }
        // The state before the rows: where a segment's rows stand, the next one can begin.
        await results.putOnce(name.state(stage.name, segment.index), serialize(state), binary)
        return stage.backward ? rows.toReversed() : rows
      },
      rows.length
    )
    if (!finished) return false
    rows = []
  }
  return true
}

const binary = { contentType: 'application/octet-stream' }

/** Where a fold goes on: within a segment, behind the one before it, or where it begins. */
const resume = async (
  { context: { results }, work, stageContext }: Pass,
  stage: FoldStage,
  segment: Segment,
  before: Segment | undefined
): Promise<Part> => {
  const name = keys(work.job.id)
  const parts = await Array.fromAsync(results.list(name.partsOf(stage.name, segment.index)), ({ key }) => key)
  if (parts.length > 0) return deserialize(await results.get(parts.at(-1)!)) as Part
  const state: unknown = before
    ? deserialize(await results.get(name.state(stage.name, before.index)))
    : stage.start(stageContext)
  return { state, rows: [] }
}

/**
 * Tells before each frame whether it is time to leave the rest to the next invocation: when there is less time than
 * `foldMargin`, or than two frames like the last one take. The first frame is never left, so that each invocation gets on.
 */
const lateness = (context: Context) => {
  let before: number | undefined
  return () => {
    const now = context.remaining()
    const late = before !== undefined && now < Math.max(foldMargin * 1000, 2 * (before - now))
    before = now
    return late
  }
}

/**
 * Reads a segment's frames, but for the first `skipped`, has them turned into rows, and writes these, once. False where
 * `turn` answers with none, since it has put aside what it had.
 */
const writeRows = async (
  { context, work, stage, sessions }: Pass,
  segment: Segment,
  turn: (frames: AsyncIterable<Frame>, done: (row: unknown) => unknown) => Promise<unknown[] | undefined>,
  skipped = 0
): Promise<boolean> => {
  const elapsed = stopwatch()
  const modelSeconds = secondsOf(sessions)
  const tell = progressOf(context, work.job, stage.name, segment)
  let frames = skipped
  const rows = await turn(readFrames(context, work, stage, segment, skipped), row => {
    tell(++frames)
    return row
  })
  if (rows) {
    const content = rowsOf(stage.row).parse({ stage: stage.name, segment: segment.index, rows })
    const key = keys(work.job.id).rows(stage.name, segment.index)
    await context.results.putOnce(key, JSON.stringify(content), { contentType: 'application/json' })
  }
  const took = {
    step: stage.name,
    seconds: elapsed(),
    frames: frames - skipped,
    ...(stage.model && { modelSeconds: secondsOf(sessions) - modelSeconds })
  }
  if (rows || took.frames > 0) await keepTiming(context, work.job, segment.index, took, skipped)
  return rows !== undefined
}

/** In the order in which the stage goes through them; pictures are read when they are asked for. */
async function* readFrames(
  { results }: Context,
  { job, task, missing }: Work,
  stage: Stage,
  { index: segment }: Segment,
  skipped: number
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
  const backward = stage.kind === 'fold' && stage.backward === true
  const read = pictureReader(results, name.pictures(segment), table, { backward })
  const decode = async (position: number) => decodePicture(await read(position))
  const positions = [...table.frames.keys()]
  const order = (backward ? positions.reverse() : positions).slice(skipped)
  const picture = stage.kind === 'fold' ? oneAhead(decode, backward ? -1 : 1, positions.length) : decode
  for (const position of order) {
    const { index, pts } = table.frames[position]
    const rowsOfFrame = Object.fromEntries(rows.map(([earlier, all]) => [earlier, all[position]]))
    yield { index, pts, rows: rowsOfFrame, picture: () => picture(position) }
  }
}

/** While a fold works on a picture, the next one is decoded. */
const oneAhead = <T>(decode: (position: number) => Promise<T>, step: 1 | -1, length: number) => {
  let next: { position: number; picture: Promise<T> } | undefined
  return (position: number) => {
    const picture = next?.position === position ? next.picture : decode(position)
    next = undefined
    const ahead = position + step
    if (ahead >= 0 && ahead < length) {
      next = { position: ahead, picture: decode(ahead) }
      next.picture.catch(() => undefined)
    }
    return picture
  }
}
