import { expect, it } from 'vitest'
import { chain } from '../../functions/chain.ts'
import { taskNamed } from '../../tasks/index.ts'

const shape = (kinds: ('each' | 'fold')[]) => {
  const stages = kinds.map((kind, i) => ({ kind, name: `${kind}${i}` }))
  return chain({ ...taskNamed('track-many'), stages: stages as never }).map(step =>
    step.kind === 'each'
      ? `each(${step.calls.map(call => call.stage ?? call.function).join(' ')})`
      : `${step.kind}(${step.call.stage ?? step.call.function})`
  )
}

it('decode and the first each stages share one pass over the segments', () => {
  expect(shape(['each', 'each', 'fold'])).toEqual([
    'call(plan)',
    'each(decode each0 each1)',
    'repeat(fold2)',
    'each(render)',
    'call(store)'
  ])
})

it('each stages behind a fold have a pass of their own', () => {
  expect(shape(['fold', 'each', 'each'])).toEqual([
    'call(plan)',
    'each(decode)',
    'repeat(fold0)',
    'each(each1 each2)',
    'each(render)',
    'call(store)'
  ])
})

it('track-many is plan, decode with detection, association, render, store', () => {
  expect(
    chain(taskNamed('track-many')).flatMap(step => (step.kind === 'each' ? step.calls : [step.call]))
  ).toMatchObject([
    { function: 'plan' },
    { function: 'decode' },
    { function: 'infer', stage: 'detect' },
    { function: 'infer', stage: 'associate' },
    { function: 'render' },
    { function: 'store' }
  ])
})
