import { App, Stack } from 'aws-cdk-lib'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { expect, it } from 'vitest'
import type { Fault } from '../../events/faults.ts'
import { Clipmill } from '../../infra/clipmill.ts'
import { clipmillContext } from '../../infra/context.ts'

const read = (context: Record<string, unknown>) => clipmillContext(new App({ context }).node)

const thrownBy = (run: () => unknown): Fault => {
  try {
    run()
  } catch (error) {
    return error as Fault
  }
  throw new Error('nothing was thrown')
}

it('takes options as texts, as -c gives them, or as cdk.json has them', () => {
  const given = {
    retention: 'destroy',
    tasks: 'track-many',
    compute: 'track-many=batch',
    maxParallel: '8',
    logRetention: '7',
    malwareGate: 'true',
    maxCost: '0.5'
  }
  const meant = {
    stackName: 'Clipmill',
    retention: 'destroy',
    tasks: ['track-many'],
    compute: { 'track-many': 'batch' },
    maxParallel: 8,
    logRetention: 7,
    malwareGate: true,
    maxCost: 0.5
  }
  expect(read(given)).toEqual(meant)
  expect(read(meant)).toEqual(meant)
})

it('wants it to be chosen whether clips outlive the stack', () => {
  expect(() => read({})).toThrow(/retention: choose "keep" or "destroy"/)
})

it('refuses an option that it does not know, rather than leave out what was meant', () => {
  expect(() => read({ retention: 'keep', maxcost: 1 })).toThrow(
    /maxcost: there is no such option; there are .*maxCost/
  )
})

it('wants to know who is told of a budget', () => {
  expect(() => read({ retention: 'keep', monthlyBudget: 10 })).toThrow(/monthlyBudget: /)
})

it('names all that is wrong, as a fault', () => {
  const wrong = {
    retention: 'keep',
    size: 'huge',
    compute: 'juggle=gpu',
    logRetention: 2,
    webhook: 'http://insecure.example.com'
  }
  const fault = thrownBy(() => read(wrong))
  expect(fault.code).toBe('deployment-invalid')
  const problems = (fault as Fault<'deployment-invalid'>).details.problems.map(
    problem => problem.split(':')[0]
  )
  expect(problems.toSorted()).toEqual(['compute', 'logRetention', 'size', 'webhook'])
})

it.each([
  ['maxFrames', '-1'],
  ['maxParallel', 'many'],
  ['workDays', '0'],
  ['tasks', ''],
  ['tasks', 'track-many,track-many'],
  ['malwareGate', 'maybe'],
  ['compute', 'track-many'],
  ['alarmAddress', 'me']
])('refuses %s=%s', (name, value) => {
  expect(() => read({ retention: 'keep', [name]: value })).toThrow(new RegExp(`${name}(\\.[^:]*)?: `))
})

const made = (props: (stack: Stack) => object) => {
  const stack = new Stack(new App(), 'Test')
  return () => new Clipmill(stack, 'Clipmill', props(stack))
}

it.each([
  { retention: 'forever' },
  { maxFrames: -1 },
  { tasks: [] },
  { workDays: 0 },
  { logRetention: 2 },
  { size: 'huge' },
  { dailyBudget: 5 },
  { maxcost: 1 }
])('of properties the same is refused, when the construct is made: %o', props => {
  const fault = thrownBy(made(() => props))
  expect(fault.code).toBe('deployment-invalid')
  expect(fault.message).toContain(Object.keys(props)[0])
})

it('refuses a bucket for uploads that keeps no versions, where that can be seen', () => {
  const refused = thrownBy(made(stack => ({ uploads: new s3.Bucket(stack, 'Mine') })))
  expect(refused.message).toMatch(/uploads: the bucket has to keep versions/)
})
