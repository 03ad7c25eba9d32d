/** How far a result lies from a golden stage. */
import { z } from 'zod'
import { numbersOf, type TensorData } from '../graph/data.ts'

const natural = z.int().nonnegative()

/** A stage as golden files hold it: all elements, or some of them by flat index. */
export const goldenStage = z.object({
  shape: z.array(natural),
  dtype: z.string(),
  rms: z.number(),
  values: z.array(z.number()).optional(),
  samples: z
    .array(z.tuple([natural, z.number()]))
    .min(1)
    .optional()
})
type GoldenStage = z.infer<typeof goldenStage>

export interface StageDeviation {
  stage: string
  /** The largest difference; for integers the number of elements that differ. Absent where the two are incomparable. */
  deviation?: number
  tolerance: number
  ok: boolean
  /** What makes the two incomparable. */
  problem?: string
}

/** A stage that could not be compared, and why. */
export interface SkippedStage {
  stage: string
  skipped: string
}

export const deviationOf = (stage: string, deviation: number, tolerance: number): StageDeviation =>
  Number.isFinite(deviation)
    ? { stage, deviation, tolerance, ok: deviation <= tolerance }
    : incomparable(stage, 'the two have not as many numbers, or one is no number')

export const incomparable = (stage: string, problem: string): StageDeviation => ({
  stage,
  tolerance: 0,
  ok: false,
  problem
})

/** Floating stages agree within 1e-4 rms + 1e-6, others element by element. */
export const compare = (stage: string, golden: GoldenStage, actual: TensorData): StageDeviation => {
  const { shape, dtype, rms, values, samples } = golden
  if (shape.join() !== actual.shape.join())
    return incomparable(stage, `the shape is [${actual.shape.join(', ')}], not [${shape.join(', ')}]`)
  if (dtype !== actual.dtype) return incomparable(stage, `the type is ${actual.dtype}, not ${dtype}`)
  const ours = numbersOf(actual)
  const pairs = samples ?? values?.map((value, i) => [i, value] as const) ?? []
  const outside = pairs.find(([i]) => i >= ours.length)
  if (pairs.length === 0 || (values && values.length !== ours.length) || outside)
    return incomparable(stage, `the golden elements do not fit the shape [${shape.join(', ')}]`)
  const differences = pairs.map(([i, value]) => Math.abs(ours[i] - value))
  if (!dtype.startsWith('float')) return deviationOf(stage, differences.filter(d => d !== 0).length, 0)
  // NaN counts as infinitely far.
  return deviationOf(
    stage,
    differences.reduce((worst, d) => (d <= worst ? worst : isNaN(d) ? Infinity : d), 0),
    1e-4 * rms + 1e-6
  )
}

/** Largest difference of numbers in two values of one shape, relative above 1; Infinity where the shapes differ. */
export const worst = (ours: unknown, golden: unknown): number => {
  if (typeof ours === 'number' && typeof golden === 'number')
    return ours === golden ? 0 : Math.abs(ours - golden) / Math.max(1, Math.abs(golden))
  if (!Array.isArray(ours) || !Array.isArray(golden)) return Object.is(ours, golden) ? 0 : Infinity
  if (ours.length !== golden.length) return Infinity
  return ours.reduce((most: number, value, i) => Math.max(most, worst(value, golden[i])), 0)
}
