import { deserialize, serialize } from 'node:v8'
import type { Segment } from '../../events/clip.ts'
import type { FoldStage } from '../../tasks/define.ts'
import { foldMargin } from '../chain.ts'
import type { Context } from '../shared/context.ts'
import { keys } from '../shared/keys.ts'
import { progressOf } from '../shared/progress.ts'
import { readSegments } from '../shared/segments.ts'
import { readFrames } from './frames.ts'
import { startTiming, writeRows, type Pass } from './pass.ts'

/** A fold's way through a segment, as far as it has come: its state, and a row for each frame that is done. */
interface Part {
  state: unknown
  rows: unknown[]
}

const binary = { contentType: 'application/octet-stream' }

/**
 * Runs the stage over all segments that remain, one after the other in its direction. False where it has stopped ahead of
 * the time limit; what it had is put aside for the next invocation.
 */
export const fold = async (pass: Pass<FoldStage>): Promise<boolean> => {
  const { context, work, stage } = pass
  const { results } = context
  const name = keys(work.job.id)
  const segments = await remaining(pass)
  if (segments.length === 0) return true

  const isLate = lateness(context)
  let part = await resume(pass, segments[0])
  for (const segment of segments) {
    const skipped = part.rows.length
    const keep = startTiming(pass, segment, skipped)
    const { late, ...gone } = await goThrough(pass, segment, part, isLate)
    const frames = gone.rows.length - skipped
    if (late) {
      // Before a segment's first frame there is nothing that the state behind the last one lacks.
      if (frames > 0) {
        const key = name.part(stage.name, segment.index, gone.rows.length)
        await results.putOnce(key, serialize(gone satisfies Part), binary)
        await keep(frames)
      }
      return false
    }
    // The state before the rows: where a segment's rows stand, the next one can begin.
    await results.putOnce(name.state(stage.name, segment.index), serialize(gone.state), binary)
    await writeRows(pass, segment, stage.backward ? gone.rows.toReversed() : gone.rows)
    await keep(frames)
    part = { state: gone.state, rows: [] }
  }
  return true
}

/** The segments from the first on that has no rows, in the stage's direction. */
const remaining = async ({ context, work, stage }: Pass<FoldStage>): Promise<Segment[]> => {
  const name = keys(work.job.id)
  const done = new Set<string>()
  for await (const { key } of context.results.list(name.rowsOf(stage.name))) done.add(key)
  const segments = await readSegments(context, work.job.id)
  if (stage.backward) segments.reverse()
  const first = segments.findIndex(({ index }) => !done.has(name.rows(stage.name, index)))
  return first === -1 ? [] : segments.slice(first)
}

/** Where a fold goes on: within a segment, behind the one before it, or where it begins. */
const resume = async (
  { context: { results }, work, stage, stageContext }: Pass<FoldStage>,
  { index }: Segment
): Promise<Part> => {
  const name = keys(work.job.id)
  const parts = await Array.fromAsync(results.list(name.partsOf(stage.name, index)), ({ key }) => key)
  if (parts.length > 0) return deserialize(await results.get(parts.at(-1)!)) as Part
  const before = stage.backward ? index + 1 : index - 1
  const isFirst = stage.backward ? before === work.plan.segments : before === -1
  const state: unknown = isFirst
    ? stage.start(stageContext)
    : deserialize(await results.get(name.state(stage.name, before)))
  return { state, rows: [] }
}

/** The rest of a segment's frames, or those until it is late. */
const goThrough = async (
  pass: Pass<FoldStage>,
  segment: Segment,
  { state, rows: before }: Part,
  isLate: () => boolean
): Promise<Part & { late: boolean }> => {
  const { context, work, stage, stageContext } = pass
  const tell = progressOf(context, work.job, stage.name, segment)
  const rows = [...before]
  for await (const frame of readFrames(pass, segment, before.length)) {
    if (isLate()) return { state, rows, late: true }
    const next = await stage.step(stageContext, state, frame)
    state = next.state
    rows.push(next.row)
    tell(rows.length)
  }
  return { state, rows, late: false }
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
