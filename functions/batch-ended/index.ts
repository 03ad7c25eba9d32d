import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { askedBy } from '../infer/arguments.ts'

/** What EventBridge tells of an AWS Batch job that failed: a `JobDetail` of Batch's DescribeJobs. */
export const batchJobFailed = z.looseObject({
  detail: z.looseObject({
    status: z.literal('FAILED'),
    statusReason: z.string().optional(),
    timeout: z.looseObject({ attemptDurationSeconds: z.number() }).optional(),
    /** Times in milliseconds since 1970; of one that never ran there is no start. */
    attempts: z
      .array(z.looseObject({ startedAt: z.number().optional(), stoppedAt: z.number().optional() }))
      .default([]),
    container: z.looseObject({
      command: z.array(z.string()),
      exitCode: z.int().optional(),
      reason: z.string().optional()
    })
  })
})

type Detail = z.infer<typeof batchJobFailed>['detail']

/** What the container was asked, by its command. */
const asked = z.strictObject({
  job: z.string(),
  stage: z.string(),
  segment: z.int().optional(),
  token: z.string()
})

/**
 * A container of `infer` whose job failed told nobody how it ended, whatever it was that ended it: no image, no memory, no
 * host, its time. The state that waits for it is told by `fail`, once; where nobody waits any longer, nothing happens.
 * @param fail answers a token with a fault, and says whether somebody waited for it
 */
export const tellOfLost = async (
  fail: (token: string, fault: Fault) => Promise<boolean>,
  { detail }: z.infer<typeof batchJobFailed>
) => {
  const { token, ...step } = asked.parse(askedBy(detail.container.command.slice(1)))
  const fault = faultOf(step.stage, detail)
  return { ...step, fault, told: await fail(token, fault) }
}

/** That time was up Batch says in words alone, so it is told by how long the last attempt ran. */
const faultOf = (step: string, { statusReason, timeout, attempts, container }: Detail) => {
  const { startedAt = 0, stoppedAt = 0 } = attempts.at(-1) ?? {}
  const seconds = timeout?.attemptDurationSeconds
  if (seconds !== undefined && startedAt > 0 && stoppedAt - startedAt >= seconds * 1000)
    return new Fault('step-timeout', { step, seconds })
  const code = container.exitCode === undefined ? '' : `exit code ${container.exitCode}`
  const reason = [container.reason, statusReason, code].filter(Boolean).join('; ')
  return new Fault('worker-lost', { step, reason })
}
