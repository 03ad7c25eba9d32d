/** What the tasks' formats have in common. */
import { seconds } from '../events/clip.ts'
import type { Results } from './define.ts'

export const round = (value: number, digits: number) => Number(value.toFixed(digits))
export const pixels = (box: readonly number[]) => box.map(value => round(value, 3))

/** The inside of a JSON array, an element a line. Which frames there are is not known ahead: some may be given up. */
export async function* elements(values: AsyncIterable<unknown>) {
  let separator = ''
  for await (const value of values) {
    yield `${separator}\n${JSON.stringify(value)}`
    separator = ','
  }
}

/** A task's canonical result: the clip and, a frame a line, so that it can be read as a stream, `content` of each row. */
export async function* canonicalJson(
  { job, clip, frames: read }: Results,
  content: (row: unknown) => Record<string, unknown>
) {
  const { width, height, frames, timeBase } = clip.video
  const head = { task: job.task, job: job.id, clip: job.clip.key, width, height, frames, timeBase }
  const rows = async function* () {
    for await (const { index, pts, row } of read())
      yield { frame: index, pts, seconds: round(seconds(pts, timeBase), 6), ...content(row) }
  }
  yield `${JSON.stringify(head).slice(0, -1)},"rows":[`
  yield* elements(rows())
  yield '\n]}\n'
}

/** A line of CSV. */
export const csvLine = (values: readonly (string | number)[]) => `${values.map(quoted).join(',')}\n`
const quoted = (value: string | number) =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value
