import { App } from 'aws-cdk-lib'
import { expect, it } from 'vitest'
import { clipmillContext } from '../../infra/context.ts'

const read = (context: Record<string, unknown>) => clipmillContext(new App({ context }).node)

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
    /^maxcost: there is no such option; there are .*maxCost/m
  )
})

it('wants to know who is told of a budget', () => {
  expect(() => read({ retention: 'keep', monthlyBudget: 10 })).toThrow(/^monthlyBudget: /m)
})

it('names all that is wrong', () => {
  const wrong = {
    retention: 'keep',
    size: 'huge',
    compute: 'juggle=gpu',
    logRetention: 2,
    webhook: 'http://insecure.example.com'
  }
  for (const name of ['size', 'compute', 'logRetention', 'webhook'])
    expect(() => read(wrong)).toThrow(new RegExp(`^${name}: `, 'm'))
})
