import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as logs from 'aws-cdk-lib/aws-logs'
import { expect, it } from 'vitest'
import { Clipmill } from '../../infra/clipmill.ts'
import { addOutputs } from '../../infra/outputs.ts'

it('an app of one’s own tells `clipmill cloud` where all is, as ours does', () => {
  const stack = new Stack(new App(), 'Mine')
  const logGroup = logs.LogGroup.fromLogGroupName(stack, 'MyLog', 'my-log')
  addOutputs(new Clipmill(stack, 'Clips', { architecture: 'x64', tasks: ['track-many'], logGroup }))
  const outputs = Template.fromStack(stack).findOutputs('*') as Record<string, { Value: unknown }>
  expect(Object.keys(outputs).toSorted()).toEqual(['Bus', 'LogGroup', 'Machines', 'Results', 'Uploads'])
  expect(outputs.LogGroup.Value).toBe('my-log')
  expect(JSON.stringify(outputs.Machines.Value)).toMatch(/track-many.*Clipstrackmany/)
})
