import { frameTable, type Segment } from '../../events/clip.ts'
import { rowsOf } from '../../events/rows.ts'
import { decodePicture } from '../../layers/inference/picture.ts'
import type { Frame } from '../../tasks/define.ts'
import { activeStages } from '../../tasks/index.ts'
import { keys } from '../shared/keys.ts'
import type { Pass } from './pass.ts'
import { pictureReader } from './pictures.ts'

/** A segment's frames but for the first `skipped`, in the stage's direction; pictures are read when they are asked for. */
export async function* readFrames(
  { context: { results }, work: { job, task, missing }, stage }: Pass,
  { index: segment }: Segment,
  skipped = 0
): AsyncIterable<Frame> {
  // A fold passes over a gap with its state as it is.
  if (missing.has(segment)) return
  const name = keys(job.id)
  const table = await results.getJson(name.frames(segment), frameTable)
  const stages = activeStages(task, job.options)
  const before = stages.slice(0, stages.indexOf(stage))
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
