import { expect, it } from 'vitest'
import { findDeadLetters } from '../../cli/cloud/dead-letters.ts'
import { readStack } from '../../cli/cloud/stack.ts'
import { deploy } from '../infra/deployment.ts'
import { makeAccount } from './cloud-account.ts'

it('dead letters and where they belong are found in the template that is deployed', async () => {
  const { resources } = deploy(() => ({
    compute: { 'track-many': 'batch' },
    webhook: 'https://example.com/clips'
  }))
  const { account } = await makeAccount({
    GetTemplateCommand: () => ({ TemplateBody: JSON.stringify({ Resources: resources }) }),
    ListStackResourcesCommand: () => ({
      StackResourceSummaries: Object.entries(resources).map(([LogicalResourceId, { Type }]) => ({
        LogicalResourceId,
        ResourceType: Type,
        PhysicalResourceId: LogicalResourceId,
        ResourceStatus: 'CREATE_COMPLETE'
      }))
    })
  })
  expect(await findDeadLetters(account, await readStack(account, 'Clipmill'))).toEqual({
    queue: expect.stringContaining('DeadLetters') as string,
    targets: {
      'aws.batch': { kind: 'function', id: expect.stringContaining('BatchEnded') as string },
      'aws.s3': { kind: 'queue', id: expect.stringContaining('Uploads') as string },
      clipmill: { kind: 'function', id: expect.stringContaining('Webhook') as string }
    }
  })
}, 120_000)
