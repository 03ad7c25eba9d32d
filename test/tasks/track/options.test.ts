import { describe, expect, it } from 'vitest'
import type { FindModel } from '../../../models/catalogue/index.ts'
import { modelsAmong } from '../../../models/catalogue/index.ts'
import { completeOptions, modelsOf, taskNamed } from '../../../tasks/index.ts'
import { clipOf } from '../../functions/planned.ts'
import { problemsIn } from '../problems.ts'

const task = taskNamed('track')
const box = [10, 20, 30, 40]
const complete = (given: Record<string, unknown>, find?: FindModel) => completeOptions(task, given, find)
const check = (given: Record<string, unknown>) => {
  task.check!(complete(given), clipOf(12))
}

describe('options of track', () => {
  it('need no more than a box', () => {
    expect(complete({ box })).toEqual({
      box: [box],
      start: 0,
      direction: 'both',
      system: 'mixformerv2',
      model: 'mixformerv2-s',
      searchFactor: 4.5,
      updateInterval: 200,
      lostBelow: 0.3,
      overlay: true
    })
  })

  it('take several boxes, a start as text, and what suits another system', () => {
    const boxes = [box, [-5, 0, 20, 20]]
    expect(complete({ box: boxes, start: '7', system: 'romtrack' })).toEqual({
      box: boxes,
      start: 7,
      direction: 'both',
      system: 'romtrack',
      model: 'romtrack-base-256',
      searchFactor: 4,
      lostBelow: 0.3,
      overlay: true
    })
    expect(complete({ box, start: '2.5s' })).toMatchObject({ start: '2.5s' })
  })

  it('follow from the model, also from one of your own', () => {
    expect(complete({ box, model: 'romtrack-base-384' })).toMatchObject({
      system: 'romtrack',
      searchFactor: 5
    })
    const own: FindModel = name =>
      name === 'mine' ? { system: 'mixformerv2', variant: 'b' } : modelsAmong()(name)
    expect(complete({ box, model: 'mine' }, own)).toMatchObject({ system: 'mixformerv2', searchFactor: 5 })
  })

  it.each([
    ['no box', {}, /^box: wanted are x, y, width, height/],
    ['no boxes', { box: [] }, /^box: /],
    ['three numbers', { box: [1, 2, 3] }, /^box: /],
    ['a width of nothing', { box: [1, 2, 0, 5] }, /^box\.2: width and height are from 1 on/],
    ['the corners in the wrong order', { box: [50, 50, -10, 10] }, /^box\.2: /],
    ['what is no number', { box: [1, NaN, 10, 10] }, /^box: /],
    ['what has no end', { box: [1, 2, Infinity, 10] }, /^box: /],
    ['a start before the first frame', { box, start: -1 }, /^start: .*4\.5s/],
    ['a start that is no time', { box, start: '1:30' }, /^start: /],
    ['a model that is not there', { box, model: 'sprint' }, /^model: .*"sprint".*mixformerv2-s, .*romtrack/],
    ['a model that follows nothing', { box, model: 'yolox-s' }, /^model: yolox-s is yolox.*mixformerv2-s/],
    [
      'a model of the other system',
      { box, system: 'romtrack', model: 'mixformerv2-s' },
      /^model: mixformerv2-s is mixformerv2, not romtrack/
    ],
    [
      'more targets than can be kept',
      { box: Array(6).fill(box), model: 'romtrack-large-384' },
      /^box: 6 are given; romtrack-large-384 follows at most 5 .*57\.2 MB/
    ],
    ['what the system does not do', { box, system: 'romtrack', updateInterval: 10 }, /^updateInterval: /]
  ])('refuse %s', (_, given, problem) => {
    expect(problemsIn(() => complete(given))).toEqual([expect.stringMatching(problem)])
  })

  it.each([
    ['a frame behind the end', { box, start: 12 }, /^start: 12 .*12 frames \(0 to 11\) in 1\.200 s$/],
    ['a time behind the end', { box, start: '1.2s' }, /^start: 1\.2s is behind the end/],
    ['a box right of the picture', { box: [320, 0, 10, 10] }, /^box: 320,0,10,10 .*320 x 240/],
    ['a box above it', { box: [0, -30, 10, 30] }, /^box: 0,-30,10,30 /]
  ])('refuse %s, once the clip is known', (_, given, problem) => {
    expect(problemsIn(() => check(given))).toEqual([expect.stringMatching(problem)])
  })

  it('take a box that is partly outside, and the last frame', () => {
    expect(() =>
      check({
        box: [
          [-29, -39, 30, 40],
          [0, 0, 5000, 5000]
        ],
        start: 11
      })
    ).not.toThrow()
    expect(() => check({ box, start: '1.19s' })).not.toThrow()
  })

  it('name one model for both directions', () => {
    expect(modelsOf(task, complete({ box, start: 7 }))).toEqual({
      forward: 'mixformerv2-s',
      backward: 'mixformerv2-s'
    })
  })
})
