import { z } from 'zod'

/** Memory of the functions, MB, which also is their share of processors: 1,769 MB buy one. */
export const sizeClasses = {
  small: { plan: 1769, decode: 1769, infer: 1769, render: 1769, store: 1769 },
  medium: { plan: 1769, decode: 3538, infer: 3538, render: 3538, store: 1769 },
  large: { plan: 1769, decode: 5307, infer: 7076, render: 5307, store: 3538 }
}
export type SizeClass = keyof typeof sizeClasses

/** Size of /tmp of the functions, MB: a clip has to lie there as a file, and a model of the model store. */
export const scratchSizes = { plan: 10_240, decode: 10_240, infer: 4096, render: 10_240, store: 10_240 }

/** Segments of a job that a deployment works on at a time, unless it is told otherwise. */
export const usualParallel = 40

/** Where the models of a task run: in functions without a GPU, in functions with one, or in AWS Batch with one. */
export const computes = ['lambda', 'gpu', 'batch'] as const
export type Compute = (typeof computes)[number]

/** Instances with a GPU that there are at most, and processors of one. */
export const mostInstances = { gpu: 4, batch: 8 }
export const gpuProcessors = 4

const megabytes = z.int().positive()

/** What of a deployment decides about the cost of its jobs; functions read it from `CLIPMILL_COST`, as JSON. */
export const costBasis = z.strictObject({
  architecture: z.enum(['arm64', 'x64']),
  /** Of each function, MB. */
  memory: z.strictObject({
    plan: megabytes,
    decode: megabytes,
    infer: megabytes,
    render: megabytes,
    store: megabytes
  }),
  /** Where the models of a task run, by task; Lambda functions without a GPU where it is not said. */
  compute: z.record(z.string(), z.enum(computes))
})
export type CostBasis = z.infer<typeof costBasis>

/** The basis of a deployment; its options are those of the stack, with the same defaults. */
export const costBasisOf = ({
  size = 'medium',
  architecture = 'arm64',
  compute = {}
}: {
  size?: SizeClass
  architecture?: CostBasis['architecture']
  compute?: CostBasis['compute']
} = {}): CostBasis => ({ architecture, memory: sizeClasses[size], compute })
