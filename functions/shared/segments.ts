import { segment as segmentSchema, type Segment } from '../../events/clip.ts'
import type { Context } from './context.ts'
import { keys } from './keys.ts'

/** Lines of `segments.jsonl` are padded to one width, so that one segment can be read without the others. */
const lineBytes = 200

const parse = (line: Uint8Array): Segment => segmentSchema.parse(JSON.parse(new TextDecoder().decode(line)))

export const formatSegments = (segments: Segment[]) =>
  segments.map(segment => `${JSON.stringify(segment).padEnd(lineBytes - 1)}\n`).join('')

export const readSegment = async ({ results }: Context, job: string, index: number): Promise<Segment> =>
  parse(await results.getRange(keys(job).segments, index * lineBytes, (index + 1) * lineBytes))

export const readSegments = async ({ results }: Context, job: string): Promise<Segment[]> => {
  const bytes = await results.get(keys(job).segments)
  return Array.from({ length: bytes.length / lineBytes }, (_, i) =>
    parse(bytes.subarray(i * lineBytes, (i + 1) * lineBytes))
  )
}
