import { describe, expect, it } from 'vitest'
import { modelName, recipeOf } from '../../../models/catalogue/build.ts'
import { cocoClasses } from '../../../models/catalogue/coco.ts'
import { catalogue, modelsAmong, weightsNamed, weightsOfFile } from '../../../models/catalogue/index.ts'
import { graphsOf } from '../../../models/catalogue/systems.ts'
import { optimise, structureOf, type Precision } from '../../../models/graph/index.ts'
import { yoloxWeights } from '../../../models/catalogue/yolox.ts'
import { detector } from '../../../events/model.ts'

describe('the catalogue', () => {
  it('has names and files that tell its entries apart', () => {
    const names = catalogue.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const sums = catalogue.flatMap(({ file }) => file.sha256 ?? [])
    expect(new Set(sums).size).toBe(sums.length)
    for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each(catalogue.map(weights => [weights.name, weights] as const))(
    '%s says how it was trained, and what its licences are',
    (_, weights) => {
      expect(detector.optional().parse(weights.detector)).toEqual(weights.detector)
      for (const words of [...Object.values(weights.licence), weights.source, weights.verified])
        expect(words).not.toBe('')
    }
  )

  it('knows the classes of COCO in the order of the outputs', () => {
    expect(cocoClasses).toHaveLength(80)
    expect(new Set(cocoClasses).size).toBe(80)
    // As the authors' detections on their demo photo have them.
    expect([0, 1, 2, 7, 16, 79].map(i => cocoClasses[i])).toEqual([
      'person',
      'bicycle',
      'car',
      'truck',
      'dog',
      'toothbrush'
    ])
  })

  it('pins the whole official release, which takes the new pre-processing', () => {
    for (const variant of ['nano', 'tiny', 's', 'm', 'l', 'x'])
      expect(weightsNamed(`yolox-${variant}`)).toMatchObject({
        variant,
        detector: { preprocessing: 'new' },
        file: {
          address: `https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_${variant}.pth`,
          sha256: expect.any(String) as string,
          bytes: expect.any(Number) as number
        }
      })
  })

  it('has the older pre-processing for all that came before, or of those', () => {
    const older = catalogue
      .filter(({ detector }) => detector?.preprocessing === 'mot')
      .map(({ name }) => name)
    expect(older).toEqual(
      catalogue.map(({ name }) => name).filter(name => /-legacy$|^bytetrack-|^mixsort-/.test(name))
    )
  })

  it('knows a model of other precision by the name of its weights', () => {
    const weights = weightsNamed('mixformerv2-s@int8')
    expect(weights).toEqual({ ...weightsNamed('mixformerv2-s'), precision: 'int8' })
    expect(modelName(weights)).toBe('mixformerv2-s@int8')
    expect(recipeOf(weights, '0')).not.toBe(recipeOf(weightsNamed('mixformerv2-s'), '0'))
  })

  it('refuses a precision that would change nothing, or that there is not', () => {
    expect(modelName(weightsNamed('dqbc@float16'))).toBe('dqbc@float16')
    for (const model of ['dqbc@int8', 'dqbc@int7'])
      expect(() => weightsNamed(model)).toThrow(
        expect.objectContaining({
          code: 'precision-unknown',
          message: `there is no model "${model}": weights of dqbc are stored as float32 or float16`,
          next: 'choose one of: dqbc, dqbc@float16'
        })
      )
    for (const model of ['dqbc@int8', 'yolox-s@int8', 'mixformerv2-s@float32'])
      expect(modelsAmong()(model)).toBeUndefined()
  })

  it.each(['yolox-nano', 'mixformerv2-s', 'romtrack-tiny-256', 'dqbc'])(
    'offers %s in those precisions that make another model of it',
    name => {
      const structures = (precision: Precision) =>
        Object.values(graphsOf(weightsNamed(name))).map(graph => structureOf(optimise(graph, { precision })))
      const usual = structures('float32')
      for (const precision of ['float16', 'int8'] as const) {
        const differs = structures(precision).some((one, i) => Buffer.compare(one, usual[i]) !== 0)
        expect(modelsAmong()(`${name}@${precision}`) !== undefined, precision).toBe(differs)
      }
    }
  )

  it('answers for what it does not have with what it has', () => {
    expect(() => weightsNamed('yolox-huge')).toThrow(
      expect.objectContaining({
        code: 'model-unknown',
        details: { model: 'yolox-huge', models: expect.arrayContaining(['yolox-s']) as string[] }
      })
    )
    expect(modelsAmong()('constructor')).toBeUndefined()
    expect(modelsAmong()('mixformerv2-s@int7')).toBeUndefined()
    expect(weightsOfFile('0'.repeat(64))).toBeUndefined()
  })
})

it('a recipe follows from all that goes with weights', () => {
  const weights = yoloxWeights.find(({ name }) => name === 'yolox-nano')!
  const recipe = recipeOf(weights, 'a')
  expect(recipeOf({ ...weights }, 'a')).toBe(recipe)
  const others = [
    recipeOf(weights, 'b'),
    recipeOf({ ...weights, detector: { ...weights.detector, preprocessing: 'mot' } }, 'a'),
    recipeOf({ ...weights, detector: { ...weights.detector, classes: cocoClasses.toReversed() } }, 'a'),
    recipeOf({ ...weights, variant: 'tiny' }, 'a')
  ]
  expect(new Set([recipe, ...others]).size).toBe(5)
})
