import { describe, expect, it } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { completeOptions, modelsOf, taskNamed } from '../../../tasks/index.ts'
import { problemsIn } from '../problems.ts'

const task = taskNamed('track-many')

const problemsOf = (given: Record<string, unknown>) => problemsIn(() => completeOptions(task, given))

describe('options of track-many', () => {
  it('are complete without any: what suits the detector is filled in', () => {
    expect(completeOptions(task, {})).toEqual({
      detector: 'clipmill-person-nano',
      detectorSize: 640,
      classes: ['person'],
      minScore: 0.4,
      lostFor: 30,
      minArea: 100,
      overlay: true
    })
  })

  it('keep what was asked for', () => {
    expect(completeOptions(task, { minScore: 0.6, lostFor: 10, overlay: false })).toMatchObject({
      minScore: 0.6,
      lostFor: 10,
      overlay: false
    })
  })

  it.each([
    ['an unknown name, which is a typing error', { minscore: 0.5 }, /minscore/],
    ['a score above its range', { minScore: 1.5 }, /^minScore: .*0\.85/],
    ['a size that the network cannot take', { detectorSize: 630 }, /^detectorSize: .*32/],
    ['a number of another kind', { lostFor: 2.5 }, /^lostFor: /],
    ['a detector that is not there', { detector: 'yolox-huge' }, /^detector: .*clipmill-person-nano/],
    [
      'weights that find no objects',
      { detector: 'mixformerv2-s' },
      /^detector: mixformerv2-s is for another task, .*; there are clipmill-person-nano, (?!.*mixformer)/
    ],
    [
      'a class that the detector does not know',
      { classes: ['person', 'dragon'] },
      /^classes: .* dragon; it knows person$/
    ]
  ])('refuse %s', (_, given, problem) => {
    expect(problemsOf(given)).toEqual([expect.stringMatching(problem)])
  })

  it('name the model of the stage that has one', () => {
    expect(modelsOf(task, completeOptions(task, {}))).toEqual({ detect: 'clipmill-person-nano' })
  })
})

it('a task that is not there is answered with those that are', () => {
  expect(() => taskNamed('juggle')).toThrow(
    expect.objectContaining({
      code: 'task-unknown',
      details: { task: 'juggle', tasks: ['track-many', 'track', 'interpolate', 'upscale'] }
    })
  )
  // Nor is what every object has a task.
  expect(() => taskNamed('constructor')).toThrow(Fault)
})
