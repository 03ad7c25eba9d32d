/** Checking what we build against golden files: outputs of the authors' own code for inputs that follow a rule. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import type { SkippedStage, StageDeviation } from './compare.ts'
import type { RunModel } from './model.ts'

export {
  compare,
  deviationOf,
  goldenStage,
  incomparable,
  worst,
  type SkippedStage,
  type StageDeviation
} from './compare.ts'
export { fill1, input1, inputU8 } from './fill.ts'
export { withFilled, type RunModel } from './model.ts'
export { compareParameters, goldenParameters } from './parameters.ts'

/** Files that several systems share state no system; some only say what they are, others tell by what they hold. */
const goldenFile = z
  .looseObject({
    system: z.string().default(''),
    what: z.string().optional(),
    case: z.string().optional(),
    variant: z.string().optional()
  })
  .refine(({ system, ...rest }) => system !== '' || Object.keys(rest).length > 0, 'nothing is in it')

/** A parsed golden file and where it is; each form says what more it holds. */
export type GoldenFile = z.infer<typeof goldenFile> & { path: string }

/** A record that holds something: a file without would pass every comparison. */
export const filled = <T extends z.ZodType>(value: T) =>
  z.record(z.string(), value).refine(record => Object.keys(record).length > 0, 'nothing is in it')

/**
 * Compares what we build with one golden file, stage by stage.
 * @throws Fault golden-unreadable where the file is not of the form.
 */
export type GoldenCheck = (golden: GoldenFile, run: RunModel) => AsyncIterable<StageDeviation | SkippedStage>

/** A form of golden files: which files are of it, and their check. */
export interface GoldenForm {
  accepts: (golden: GoldenFile) => boolean
  check: GoldenCheck
}

/** Reads a golden file, gzipped or not. @throws Fault golden-unreadable */
export const readGolden = async (path: string): Promise<GoldenFile> => {
  try {
    // A device or pipe may never end.
    if (!(await stat(path)).isFile()) throw new Error('it is not a file')
    const bytes = await readFile(path)
    const json = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
    return { ...goldenFile.parse(JSON.parse(json.toString())), path }
  } catch (cause) {
    throw new Fault('golden-unreadable', { golden: path, reason: reasonOf(cause) }, { cause })
  }
}

/** The golden file as `schema` has it. @throws Fault golden-unreadable */
export const parseGolden = <T>(golden: GoldenFile, schema: z.ZodType<T>): T => {
  const parsed = schema.safeParse(golden)
  if (parsed.success) return parsed.data
  throw new Fault('golden-unreadable', { golden: golden.path, reason: reasonOf(parsed.error) })
}

const reasonOf = (error: unknown) =>
  error instanceof z.ZodError
    ? z.prettifyError(error).replaceAll('\n', ' ')
    : error instanceof Error
      ? error.message
      : String(error)

/** The check of the first form that accepts the file. @throws Fault golden-unknown */
export const checkOf = (golden: GoldenFile, forms: readonly GoldenForm[]): GoldenCheck => {
  const form = forms.find(({ accepts }) => accepts(golden))
  if (form) return form.check
  throw new Fault('golden-unknown', {
    system: golden.system,
    case: golden.case ?? golden.variant ?? golden.what ?? path.basename(golden.path)
  })
}

/** A form of golden files of `system` ('' where they state none) that hold all of `keys`, and whose check needs no model. */
export const stepsForm = <T>(
  system: string,
  keys: string[],
  schema: z.ZodType<T>,
  check: (golden: T) => Iterable<StageDeviation | SkippedStage> | AsyncIterable<StageDeviation | SkippedStage>
): GoldenForm => ({
  accepts: golden => golden.system.toLowerCase() === system && keys.every(key => golden[key] !== undefined),
  async *check(golden) {
    yield* check(parseGolden(golden, schema))
  }
})
