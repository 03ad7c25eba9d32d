import type { Segment } from '../../events/clip.ts'
import type { EachStage } from '../../tasks/define.ts'
import { progressOf } from '../shared/progress.ts'
import { readFrames } from './frames.ts'
import { startTiming, writeRows, type Pass } from './pass.ts'

/** Frames under way at a time: one in the model, the next one being prepared. */
const inFlight = 2

/** Runs the stage over one segment. */
export const each = async (pass: Pass<EachStage>, segment: Segment) => {
  const { context, work, stage, stageContext } = pass
  const keep = startTiming(pass, segment)
  const tell = progressOf(context, work.job, stage.name, segment)
  const handle = stage.open(stageContext)
  let done = 0
  const pending: Promise<unknown>[] = []
  for await (const frame of readFrames(pass, segment)) {
    if (pending.length >= inFlight) await pending[pending.length - inFlight]
    const row = handle(frame).then(row => {
      tell(++done)
      return row
    })
    // Its failure is met where it is awaited, at the latest below.
    row.catch(() => undefined)
    pending.push(row)
  }
  const rows = await Promise.all(pending)
  await writeRows(pass, segment, rows)
  await keep(rows.length)
}
