/**
 * `infer` as an AWS Batch job: `node batch.mjs --job ID --stage NAME [--segment N] --token TOKEN`. It ends well however its
 * work ended: see gpu.ts.
 */
import { parseArgs } from 'node:util'
import type { Context as LambdaContext } from 'aws-lambda'
import { answer } from './gpu.ts'

const { values } = parseArgs({
  options: {
    job: { type: 'string' },
    stage: { type: 'string' },
    segment: { type: 'string' },
    token: { type: 'string' }
  }
})
const event = { ...values, ...(values.segment !== undefined && { segment: Number(values.segment) }) }

const end = performance.now() + Number(process.env.CLIPMILL_SECONDS) * 1000
const context = {
  functionName: 'infer',
  awsRequestId: process.env.AWS_BATCH_JOB_ID,
  getRemainingTimeInMillis: () => Math.max(0, end - performance.now())
} as LambdaContext

// An execution that was stopped needs the machine no longer.
await answer(event, context, () => process.exit())
// Sessions keep threads.
process.exit()
