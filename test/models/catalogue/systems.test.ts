import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../models/catalogue/index.ts'
import { fits, graphsOf, networkOf, parametersOf, systems } from '../../../models/catalogue/systems.ts'
import { compareParameters } from '../../../models/golden/index.ts'
import { describeShared, shared } from '../../shared.ts'

describe('the systems of the catalogue', () => {
  it.each(catalogue.map(weights => [weights.name, weights] as const))(
    'know the network of %s',
    (_, weights) => {
      const { system, variant, detector } = weights
      expect(fits[system].parse({ system, variant, detector })).toEqual({ system, variant, detector })
      expect(systems[system].detects).toBe(detector !== undefined)
    }
  )

  it('name the network that tensors are of, by all their names and shapes', () => {
    const networks = new Map(catalogue.map(weights => [`${weights.system} ${weights.variant}`, weights]))
    for (const [name, weights] of networks) {
      const classes = weights.detector ? ` with ${weights.detector.classes.length} classes` : ''
      expect(networkOf(parametersOf(graphsOf(weights)))).toBe(name + classes)
    }
    expect(networkOf(parametersOf(graphsOf(catalogue[0])).slice(1))).toBeUndefined()
  })

  it.each(['maxsr-x8', 'maxsr-light-x2'])(
    'know %s by its parameters, of which no weights are published',
    variant => {
      const weights = fits.maxsr.parse({ system: 'maxsr', variant })
      expect(networkOf(parametersOf(graphsOf(weights)))).toBe(`maxsr ${variant}`)
      expect(catalogue.some(({ system }) => system === 'maxsr')).toBe(false)
    }
  )
})

describeShared('what a checkpoint of DQBC must hold', () => {
  it('is what the authors’ layout has, all graphs and the training’s teacher together', async () => {
    const { params } = JSON.parse(await readFile(shared('golden/dqbc/params.json'), 'utf8')) as {
      params: [string, number[], string][]
    }
    const weights = fits.dqbc.parse({ system: 'dqbc', variant: 'dqbc' })
    expect(compareParameters(parametersOf(graphsOf(weights)), params)).toMatchObject({ ok: true })
  })
})

describeShared('what a checkpoint of a tracker must hold', () => {
  it.each([
    ['mixformerv2', 's', 'mixformerv2-s'],
    ['mixformerv2', 'b', 'mixformerv2-b'],
    ['romtrack', 'tiny-256', 'romtrack-tiny-256'],
    ['romtrack', 'base-256', 'romtrack-base-256'],
    ['romtrack', 'base-384', 'romtrack-base-384']
  ] as const)(
    '%s %s: what its graphs take together is what the authors’ layout has',
    async (system, variant, file) => {
      const text = await readFile(shared(`golden/${system}/${file}.json`), 'utf8')
      const { parameters } = JSON.parse(text) as { parameters: [string, number[], string][] }
      const weights = fits[system].parse({ system, variant })
      expect(compareParameters(parametersOf(graphsOf(weights)), parameters)).toMatchObject({ ok: true })
    }
  )
})
