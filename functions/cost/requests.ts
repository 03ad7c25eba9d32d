import { runsModel } from '../chain.ts'
import { batchBytes } from '../infer/pictures.ts'
import { partSize } from '../shared/storage.ts'
import type { StepTime } from './dollars.ts'
import { pictureBytes, type PlannedJob } from './speeds.ts'

/** Requests to S3 of one kind of price: `put` also lists, `get` also heads. */
interface Requests {
  put: number
  get: number
}

/** What the functions ask of S3, counted in their code and on the demo clip. */
export const requestsOf = (job: PlannedJob, steps: StepTime[]): Requests => {
  const { segments, clip, pictures } = job
  const bytes = (clip.video.frames / segments) * pictures.width * pictures.height * pictureBytes
  const parts = bytes > partSize ? Math.ceil(bytes / partSize) + 2 : 1
  const fetches = Math.ceil(bytes / batchBytes)
  const of = ({ kind, step, function: name, invocations }: StepTime): Requests => {
    switch (name) {
      case 'plan':
        return { put: 3, get: 3 }
      case 'decode':
        return { put: invocations * (3 + parts), get: invocations * 5 }
      case 'infer':
        return kind === 'each'
          ? { put: invocations * 3, get: invocations * (5 + fetches) }
          : {
              put: invocations * 2 + segments * 3,
              // One that runs a model also reads each segment's pictures and their table.
              get: invocations * 4 + segments * (2 + (runsModel(job.task, step) ? 1 + fetches : 0))
            }
      case 'render':
        return { put: invocations * 3, get: invocations * 8 }
      case 'store':
        // Each segment's rows, frames, overlay and timings; the results.
        return { put: 15, get: 10 + segments * (3 + steps.length) }
    }
  }
  return steps.map(of).reduce((sum, { put, get }) => ({ put: sum.put + put, get: sum.get + get }))
}
