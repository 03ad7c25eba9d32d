import { z } from 'zod'

/** What is said of licences, each for itself; "unknown" where nobody states one. */
export const licence = z.strictObject({ code: z.string(), weights: z.string(), data: z.string() })
export type Licence = z.infer<typeof licence>
export const licenceWords = ({ code, weights, data }: Licence) =>
  `code ${code}; weights ${weights}; training data ${data}`

/**
 * What a detector's weights were trained with, in the order of the network's outputs. The wrong pre-processing finds
 * nothing, silently: so it belongs to the weights, is never assumed, and goes with the built model.
 */
export const detector = z.strictObject({
  classes: z.array(z.string().min(1)).min(1),
  /** See models/yolox/preprocess.ts. */
  preprocessing: z.enum(['new', 'mot']),
  /** Long side of the input, pixels, at which they do well. */
  longSide: z.int().min(160).max(1920).multipleOf(32),
  /** From which score on a tracker should follow a detection. */
  scores: z.strictObject({ follow: z.number().min(0.1).max(0.85) })
})
export type Detector = z.infer<typeof detector>

/** A built model: stands beside its files, and in the manifest of every job that ran it. */
export const modelRecord = z.strictObject({
  model: z.string(),
  system: z.string(),
  variant: z.string(),
  digest: z.string(),
  /** Names of its graphs: `<name>.onnx` each, beside the one `model.weights`. */
  graphs: z.array(z.string().regex(/^[a-z]+$/)).min(1),
  /**
   * Whether runs keep the memory that they took, for those to come. It is false of a model whose graphs each take much
   * and come one after the other: they would keep several times what any of them needs.
   * @default true
   */
  arena: z.literal(false).optional(),
  weights: z.strictObject({ sha256: z.string(), source: z.string(), licence }),
  /** Of a model that finds objects. */
  detector: detector.optional()
})
export type ModelRecord = z.infer<typeof modelRecord>

/** The files of a built model, in the order in which they count in its digest; its manifest stands beside them. */
export const modelFiles = ({ graphs }: Pick<ModelRecord, 'graphs'>): string[] => [
  'model.weights',
  ...graphs.map(name => `${name}.onnx`)
]
