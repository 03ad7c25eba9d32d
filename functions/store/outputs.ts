import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { frameTable } from '../../events/clip.ts'
import { rowsOf } from '../../events/rows.ts'
import type { Results } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'
import { keys } from '../shared/keys.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** The last stage's rows of one segment, with the time stamps of their frames. */
export const readSegmentRows = async ({ results }: Context, { job, task }: Work, segment: number) => {
  const name = keys(job.id)
  const last = task.stages.at(-1)!
  const [table, { rows }] = await Promise.all([
    results.getJson(name.frames(segment), frameTable),
    results.getJson(name.rows(last.name, segment), rowsOf(last.row))
  ])
  return {
    table,
    rows: rows.map((row, i) => ({ index: table.frames[i].index, pts: table.frames[i].pts, row }))
  }
}

/** Writes every format that the task declares, row by row. */
export const writeOutputs = async (context: Context, work: Work, scratch: string): Promise<ResultFile[]> => {
  const results: Results = {
    job: work.job,
    options: work.job.options,
    clip: work.plan.clip,
    async *frames() {
      for (const { index } of work.segments) yield* (await readSegmentRows(context, work, index)).rows
    }
  }
  const files: ResultFile[] = []
  for (const output of work.task.outputs) {
    const file = path.join(scratch, output.name)
    await pipeline(Readable.from(output.write(results)), createWriteStream(file))
    files.push(await putResult(context, work, file, output))
  }
  return files
}
