/** The systems whose weights we know: their variants, graphs and what else belongs to a system as a whole. */
import { z } from 'zod'
import { detector } from '../../events/model.ts'
import { buildDqbc } from '../dqbc/network.ts'
import type { Graph, Parameter } from '../graph/graph.ts'
import type { Precision } from '../graph/index.ts'
import { buildMaxsr } from '../maxsr/network.ts'
import { tileSide } from '../maxsr/tiles.ts'
import { maxsrModels } from '../maxsr/variants.ts'
import { buildSearch, buildTemplates } from '../mixformerv2/network.ts'
import { mixFormerVariants } from '../mixformerv2/variants.ts'
import { buildRomtrackFrame, buildRomtrackTemplate } from '../romtrack/network.ts'
import { romtrackVariants } from '../romtrack/variants.ts'
import { buildYolox } from '../yolox/network.ts'
import { yoloxVariants } from '../yolox/variants.ts'
import { misfitOf } from '../weights/bind.ts'
import type { StoredInfo } from '../weights/checkpoint.ts'

const namesOf = <Name extends string>(variants: Readonly<Record<Name, unknown>>) =>
  Object.keys(variants) as Name[]

/** What weights fit, by system: a configuration of its network and, of one that finds objects, what it was trained with. */
export const fits = {
  yolox: z.strictObject({
    system: z.literal('yolox'),
    variant: z.enum(namesOf(yoloxVariants)),
    detector
  }),
  mixformerv2: z.strictObject({
    system: z.literal('mixformerv2'),
    // The 12-layer student of the first training stage has no score, so its templates would never change.
    variant: z.enum(['s', 'b']),
    detector: z.undefined().optional()
  }),
  romtrack: z.strictObject({
    system: z.literal('romtrack'),
    variant: z.enum(namesOf(romtrackVariants)),
    detector: z.undefined().optional()
  }),
  dqbc: z.strictObject({
    system: z.literal('dqbc'),
    // What the authors name variants are ways to run the one network.
    variant: z.literal('dqbc'),
    detector: z.undefined().optional()
  }),
  maxsr: z.strictObject({
    system: z.literal('maxsr'),
    variant: z.enum(namesOf(maxsrModels)),
    detector: z.undefined().optional()
  })
}

export type System = keyof typeof fits
export type Fits = { [S in System]: z.infer<(typeof fits)[S]> }[System]

interface About {
  /** Of the authors' code. */
  codeLicence: string
  /** Whether weights find objects. */
  detects: boolean
  /** Where it is false, models give memory back after each run; see the model's record. */
  arena?: false
  /** What models can be stored as, where it is not every precision. */
  precisions?: readonly Precision[]
}

export const systems: Readonly<Record<System, About>> = {
  // Eight bits are for products with weights; it is made of convolutions alone, which they leave as they are.
  yolox: { codeLicence: 'Apache-2.0', detects: true, precisions: ['float32', 'float16'] },
  mixformerv2: { codeLicence: 'MIT', detects: false },
  romtrack: { codeLicence: 'MIT', detects: false },
  // Likewise.
  dqbc: { codeLicence: 'MIT', detects: false, arena: false, precisions: ['float32', 'float16'] },
  maxsr: { codeLicence: 'unknown: none is public', detects: false }
}

/** As far as it has a say in the graphs. */
type Network =
  | (Pick<z.infer<typeof fits.yolox>, 'system' | 'variant'> & { classes: number })
  | z.infer<typeof fits.mixformerv2>
  | z.infer<typeof fits.romtrack>
  | z.infer<typeof fits.dqbc>
  | z.infer<typeof fits.maxsr>

type Graphs = Readonly<Record<string, Graph>>

const build = (network: Network): Graphs => {
  switch (network.system) {
    case 'yolox':
      return { model: buildYolox(yoloxVariants[network.variant], network) }
    case 'mixformerv2': {
      const scale = mixFormerVariants[network.variant]
      return { template: buildTemplates(scale), search: buildSearch(scale) }
    }
    case 'romtrack': {
      const scale = romtrackVariants[network.variant]
      return { template: buildRomtrackTemplate(scale), frame: buildRomtrackFrame(scale) }
    }
    case 'dqbc':
      return buildDqbc()
    case 'maxsr': {
      const { scale, factor } = maxsrModels[network.variant]
      return { model: buildMaxsr(scale, { factor, size: { width: tileSide, height: tileSide } }) }
    }
  }
}

/** The graphs of a model of these weights, by name. */
export const graphsOf = (weights: Fits): Graphs =>
  build(weights.system === 'yolox' ? { ...weights, classes: weights.detector.classes.length } : weights)

/** The network that has exactly these parameters, in words; undefined where none that we know has. */
export const networkOf = (tensors: readonly StoredInfo[]): string | undefined => {
  const classes = tensors.find(({ name }) => name === 'head.cls_preds.0.weight')?.shape[0] ?? 1
  const networks: Network[] = [
    ...fits.yolox.shape.variant.options.map(variant => ({ system: 'yolox', variant, classes }) as const),
    ...fits.mixformerv2.shape.variant.options.map(variant => ({ system: 'mixformerv2', variant }) as const),
    ...fits.romtrack.shape.variant.options.map(variant => ({ system: 'romtrack', variant }) as const),
    { system: 'dqbc', variant: 'dqbc' },
    ...fits.maxsr.shape.variant.options.map(variant => ({ system: 'maxsr', variant }) as const)
  ]
  const found = networks.find(network => !misfitOf(parametersOf(build(network)), tensors))
  if (!found) return undefined
  const { system, variant } = found
  return 'classes' in found ? `${system} ${variant} with ${classes} classes` : `${system} ${variant}`
}

/** What a checkpoint must hold: all that any of the graphs takes from it. */
export const parametersOf = (graphs: Graphs): Parameter[] => [
  ...new Map(Object.values(graphs).flatMap(graph => graph.parameters.map(p => [p.name, p]))).values()
]
