import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Results } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import { readSegmentRows, type Work } from '../shared/job.ts'
import { putResult, type ResultFile } from './result-file.ts'

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
