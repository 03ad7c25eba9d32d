import { createReadStream, createWriteStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Manifest } from '../../events/manifest.ts'
import type { Results } from '../../tasks/define.ts'
import { inOrder } from '../shared/ahead.ts'
import type { Context } from '../shared/context.ts'
import { presentSegments, readSegmentRows, type Work } from '../shared/job.ts'

type Runs = Manifest['repeated']

/**
 * All rows of the job's last stage, fetched once into a local file, a row a line, so that each format can go through them
 * without holding them; and which frames show a neighbour's picture.
 */
export const collectRows = async (
  context: Context,
  work: Work,
  scratch: string
): Promise<{ frames: Results['frames']; repeated: Runs }> => {
  const file = path.join(scratch, 'rows.jsonl')
  const repeated: Runs = []
  const lines = async function* () {
    for await (const { table, rows } of inOrder(presentSegments(work), index =>
      readSegmentRows(context, work, index)
    )) {
      for (const frame of table.repeated ?? []) extend(repeated, frame)
      for (const row of rows) yield `${JSON.stringify(row)}\n`
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(file))
  const frames = async function* () {
    for await (const line of createInterface({ input: createReadStream(file) }))
      yield JSON.parse(line) as { index: number; pts: number; row: unknown }
  }
  return { frames, repeated }
}

const extend = (runs: Runs, frame: number) => {
  const last = runs.at(-1)
  if (last?.last === frame - 1) last.last = frame
  else runs.push({ first: frame, last: frame })
}
