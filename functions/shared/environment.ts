import { tmpdir } from 'node:os'
import type { Context as LambdaContext } from 'aws-lambda'
import { z } from 'zod'
import { devices } from '../../layers/inference/session.ts'
import { openModels } from '../../layers/models/index.ts'
import { costBasis } from '../cost/basis.ts'
import type { Context } from './context.ts'
import { createClient, openStorage } from './storage.ts'

/** The environment variables that a function reads; the stack and the local runner set the same ones. */
const variables = z.object({
  CLIPMILL_UPLOADS: z.string(),
  CLIPMILL_RESULTS: z.string(),
  /** Folder of the built models. */
  CLIPMILL_MODELS: z.string().default('/opt/models'),
  CLIPMILL_SCRATCH: z.string().default(tmpdir()),
  /** Threads for a model's run; by default what the function's memory buys: 1,769 MB are one vCPU. */
  CLIPMILL_THREADS: z.coerce.number().int().positive().optional(),
  /** The same for a fold, beside which nothing else runs; by default no others. */
  CLIPMILL_FOLD_THREADS: z.coerce.number().int().positive().optional(),
  CLIPMILL_DEVICE: z.enum(devices).default('cpu'),
  /** Frames that a clip may have, and dollars that a job may be expected to cost. */
  CLIPMILL_MAX_FRAMES: z.coerce.number().int().positive().optional(),
  CLIPMILL_MAX_COST: z.coerce.number().positive().optional(),
  CLIPMILL_COST: z
    .string()
    .transform(text => JSON.parse(text) as unknown)
    .pipe(costBasis)
    .optional(),
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: z.coerce.number().default(1769),
  /** Of an S3 that is not AWS's. */
  CLIPMILL_S3_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().default('us-east-1')
})

/**
 * A context from environment variables; clients and models are opened once for a process.
 * @param tellers where announcements and measurements go
 */
export const environmentContext = (
  tellers: Pick<Context, 'announce' | 'measure'>
): ((lambda: LambdaContext) => Context) => {
  let shared: Omit<Context, 'remaining'> | undefined
  const open = () => {
    const env = variables.parse(process.env)
    const client = createClient({ endpoint: env.CLIPMILL_S3_ENDPOINT, region: env.AWS_REGION })
    const threads = env.CLIPMILL_THREADS ?? Math.ceil(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE / 1769)
    return {
      uploads: openStorage({ bucket: env.CLIPMILL_UPLOADS, client }),
      results: openStorage({ bucket: env.CLIPMILL_RESULTS, client }),
      models: openModels(env.CLIPMILL_MODELS),
      scratch: env.CLIPMILL_SCRATCH,
      threads,
      foldThreads: env.CLIPMILL_FOLD_THREADS ?? threads,
      device: env.CLIPMILL_DEVICE,
      limits: { frames: env.CLIPMILL_MAX_FRAMES, cost: env.CLIPMILL_MAX_COST },
      ...(env.CLIPMILL_COST && { cost: env.CLIPMILL_COST }),
      now: () => new Date(),
      ...tellers
    }
  }
  return lambda => ({ ...(shared ??= open()), remaining: () => lambda.getRemainingTimeInMillis() })
}
