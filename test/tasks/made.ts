import { build, dim, ops, type Graph } from '../../models/graph/index.ts'
import { contextNames } from '../../models/dqbc/network.ts'
import { tileSide } from '../../models/maxsr/tiles.ts'
import { installStandIn } from './stand-in.ts'

const { identity, resize } = ops

const [height, width] = [dim('h'), dim('w')]
const contexts = [0, 1].flatMap(i => contextNames.map(name => `context${i}.${name}`))

/** A graph with pictures [1, 3, H, W] as inputs: the outputs are what `make` says of them. */
const graphOf = (
  inputs: string[],
  make: (input: (name: string) => ReturnType<typeof identity>) => Record<string, ReturnType<typeof identity>>
): Graph =>
  build(s => {
    const found = new Map(inputs.map(name => [name, s.input(name, 'float32', [1, 3, height, width])]))
    return make(name => found.get(name)!)
  })

/** In DQBC's place: the mean of two frames. */
const mean = {
  features: graphOf(['frame'], input => ({ features: identity(input('frame')) })),
  context: graphOf(['frame'], input =>
    Object.fromEntries(contextNames.map(name => [name, identity(input('frame'))]))
  ),
  motion: graphOf(['frame0', 'frame1', 'features0', 'features1'], input => ({
    coarse: input('features0').add(input('features1'))
  })),
  refine: graphOf(['coarse', 'frame0', 'frame1', ...contexts], input => ({
    flow: identity(input('coarse')),
    logits: identity(input('coarse'))
  })),
  synthesise: graphOf(['flow', 'logits', 'frame0', 'frame1', ...contexts], input => ({
    final: input('frame0').add(input('frame1')).div(2)
  }))
}

export const installMean = (models: string) =>
  installStandIn(models, { model: 'dqbc', system: 'dqbc', variant: 'dqbc' }, mean)

/** In MaxSR's place: each pixel twice in both directions. */
const doubled = build(s => {
  const lr = s.input('lr', 'float32', [1, 3, tileSide, tileSide])
  return {
    sr: resize(lr, undefined, [1, 1, 2, 2], undefined, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor'
    })
  }
})

export const installDoubled = (models: string) =>
  installStandIn(models, { model: 'mine', system: 'maxsr', variant: 'maxsr-light-x2' }, { model: doubled })
