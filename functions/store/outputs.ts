import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Results } from '../../tasks/define.ts'
import type { Context } from '../shared/context.ts'
import type { Work } from '../shared/job.ts'
import { putResult, type ResultFile } from './result-file.ts'

/** Writes every format that the task declares, row by row. */
export const writeOutputs = async (
  context: Context,
  work: Work,
  frames: Results['frames'],
  scratch: string
): Promise<ResultFile[]> => {
  const { job, plan, task } = work
  const files: ResultFile[] = []
  for (const output of task.outputs(job.options)) {
    const file = path.join(scratch, output.name)
    const content = output.write({ job, options: job.options, clip: plan.clip, frames })
    await pipeline(Readable.from(content), createWriteStream(file))
    files.push(await putResult(context, work, file, output))
  }
  return files
}
