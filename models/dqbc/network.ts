/**
 * DQBC, arXiv 2304.13596: makes the frame in the middle of two. Section numbers are those of the specification.
 *
 * A frame is encoded by itself, once for both pairs that it is in: `features` are what it is matched by, `context` is
 * what is blended. Three graphs then go from a pair to its middle; where the motion is large, those in front can run on
 * half the size (section 5). Each serves all sizes that are multiples of 64.
 */
import { build, dim, type Graph, type Scope, type Tensor } from '../graph/index.ts'
import { contextNet, contextWidths, featureNet, featureWidth } from './features.ts'
import { Stages } from './layers.ts'
import { motion } from './motion.ts'
import { refine, type Seen } from './refinement.ts'
import { synthesise } from './synthesis.ts'

/** Height and width are multiples of it. */
export const sizeUnit = 64

const [high, wide] = ['h', 'w'].map(dim)

/** [1, channels, H / by, W / by] */
const picture = (s: Scope, name: string, channels: number, by = 1) =>
  s.input(name, 'float32', [1, channels, high.times(sizeUnit / by), wide.times(sizeUnit / by)])

/** Both frames by the inputs `frame0`, `frame1` and their maps `context0.half`, … */
const bothSeen = (s: Scope) =>
  [0, 1].map((i): Seen => ({
    frame: picture(s, `frame${i}`, 3),
    contexts: contextWidths.map((channels, k) =>
      picture(s, `context${i}.${contextNames[k]}`, channels, 2 ** (k + 1))
    )
  })) as [Seen, Seen]

/** Context maps at 1/2, 1/4 and 1/8. */
export const contextNames = ['half', 'quarter', 'eighth'] as const

type Network = (s: Scope, model: Scope, stages: Stages) => Record<string, Tensor>

/** The graph with its outputs and the stages of these names. */
const graphOf = (network: Network, names: readonly string[]): Graph =>
  build(s => {
    const stages = new Stages()
    const model = s.at('vfi_model')
    const outputs = network(s, model, stages)
    const noted = names.flatMap(name => {
      const tensor = stages.get(`vfi_model.${name}`) ?? stages.get(name)
      return tensor ? [[name, tensor] as const] : []
    })
    return { ...outputs, ...Object.fromEntries(noted) }
  })

const networks: Record<string, Network> = {
  features: (s, model, stages) => ({
    features: featureNet(model.at('fnet'), picture(s, 'frame', 3), stages)
  }),

  context: (s, model, stages) => {
    const maps = contextNet(model.at('cnet'), picture(s, 'frame', 3), stages)
    return Object.fromEntries(contextNames.map((name, i) => [name, maps[i]]))
  },

  motion: (s, model, stages) => {
    const pair = (name: string, channels: number, by: number) =>
      [picture(s, `${name}0`, channels, by), picture(s, `${name}1`, channels, by)] as const
    const inputs = { frames: pair('frame', 3, 1), features: pair('features', featureWidth, 8) }
    return { coarse: motion(model, inputs, stages) }
  },

  refine: (s, model, stages) => refine(model.at('flowup'), picture(s, 'coarse', 4, 8), bothSeen(s), stages),

  synthesise: (s, model, stages) => {
    trainingOnly(model)
    const inputs = { flow: picture(s, 'flow', 4), logits: picture(s, 'logits', 2) }
    return { final: synthesise(model.at('synth'), inputs, bothSeen(s), stages) }
  }
}

/** The teacher of the training, which checkpoints hold too. */
const trainingOnly = (model: Scope) => {
  const block = model.at('flowtea').at('block_tea')
  const layer = (s: Scope, shape: readonly number[]) => {
    s.param('weight', shape)
    s.param('bias', shape.slice(0, 1))
  }
  const withPrelu = (s: Scope, out: number, channels: number) => {
    layer(s.at(0), [out, channels, 3, 3])
    s.at(1).param('weight', [out])
  }
  withPrelu(block.at('conv0').at(0), 45, 21)
  withPrelu(block.at('conv0').at(1), 90, 45)
  for (let i = 0; i < 8; i++) withPrelu(block.at('convblock').at(i), 90, 90)
  layer(block.at('lastconv'), [4, 90, 3, 3])
}

/** The graphs of a model. @param stages by their names in the golden files, that are outputs too where they are found */
export const buildDqbc = (stages: readonly string[] = []): Readonly<Record<string, Graph>> =>
  Object.fromEntries(Object.entries(networks).map(([name, network]) => [name, graphOf(network, stages)]))
