import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { askedBy } from '../infer/arguments.ts'

/** What EventBridge tells of an AWS Batch job that failed: a `JobDetail` of Batch's DescribeJobs. */
export const batchJobFailed = z.looseObject({
  detail: z.looseObject({
    status: z.literal('FAILED'),
    statusReason: z.string().optional(),
    container: z.looseObject({
      command: z.array(z.string()),
      exitCode: z.int().optional(),
      reason: z.string().optional()
    })
  })
})

/**
 * A container of `infer` whose job failed told nobody how it ended, whatever it was that ended it: no image, no memory, no
 * host. The state that waits for it is told by `fail`, once; where nobody waits any longer, nothing happens.
 * @param fail answers a token with a fault, and says whether somebody waited for it
 */
export const tellOfLost = async (
  fail: (token: string, fault: Fault) => Promise<boolean>,
  { detail: { statusReason, container } }: z.infer<typeof batchJobFailed>
) => {
  const { token, ...asked } = askedBy(container.command.slice(1))
  const code = container.exitCode === undefined ? '' : `exit code ${container.exitCode}`
  const reason = [container.reason, statusReason, code].filter(Boolean).join('; ')
  const fault = new Fault('worker-lost', { step: asked.stage!, reason })
  return { ...asked, fault, told: await fail(token!, fault) }
}
