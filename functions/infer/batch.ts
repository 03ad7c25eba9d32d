/**
 * `infer` as an AWS Batch job: `node batch.mjs --job ID --stage NAME [--segment N] --token TOKEN`. It ends well however its
 * work ended: see gpu.ts. One that does not was lost: see functions/batch-ended.
 */
import type { Context as LambdaContext } from 'aws-lambda'
import { askedBy } from './arguments.ts'
import { answer } from './gpu.ts'

const end = performance.now() + Number(process.env.CLIPMILL_SECONDS) * 1000
const context = {
  functionName: 'infer',
  awsRequestId: process.env.AWS_BATCH_JOB_ID,
  getRemainingTimeInMillis: () => Math.max(0, end - performance.now())
} as LambdaContext

// An execution that was stopped needs the machine no longer.
await answer(askedBy(process.argv.slice(2)), context, () => process.exit())
// Sessions keep threads.
process.exit()
