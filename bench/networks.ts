import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Detector } from '../events/model.ts'
import { openModels } from '../layers/models/index.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import { openWeights } from '../local/weights.ts'
import { catalogue } from '../models/catalogue/index.ts'
import { graphsOf, parametersOf } from '../models/catalogue/systems.ts'
import type { Weights } from '../models/catalogue/weights.ts'
import { fill1 } from '../models/golden/index.ts'
import { optimise, simplify, writeModel, type Precision } from '../models/graph/index.ts'
import { bindWeights } from '../models/weights/bind.ts'
import { openCheckpoint } from '../models/weights/checkpoint.ts'
import { buildYolox } from '../models/yolox/network.ts'
import { yoloxVariants, type YoloxVariantName } from '../models/yolox/variants.ts'

/** A detector's network on the disk, ready to be opened. */
export interface Detecting {
  variant: YoloxVariantName
  /** Name of its weights, or `by rule`: as golden files have them. */
  weights: string
  detector: Detector
  /** Folder of `model.onnx`. */
  directory: string
}

/**
 * The variant with the first weights of the catalogue that are on this machine, else as its official release has it,
 * with weights by rule, written to `scratch`.
 */
export const provideDetector = async (variant: YoloxVariantName, scratch: string): Promise<Detecting> => {
  const installed = openWeights()
  const fitting = catalogue.filter(
    weights => weights.system === 'yolox' && weights.variant === variant
  ) as Extract<Weights, { system: 'yolox' }>[]
  for (const weights of fitting) {
    if (!(await installed.find(weights))) continue
    const { name, detector } = weights
    const folder = path.join(clipmillHome(), 'models')
    await ensureModels(folder, [name])
    const models = openModels(folder)
    return { variant, weights: name, detector, directory: await models.directory(models.digest(name)) }
  }
  const { detector } = fitting.find(({ name }) => name === `yolox-${variant}`)!
  const graph = buildYolox(yoloxVariants[variant], { classes: detector.classes.length })
  const directory = path.join(scratch, variant)
  await writeModel(simplify(graph), fill1(graph.parameters), directory)
  return { variant, weights: 'by rule', detector, directory }
}

/** A tracker's networks on the disk. */
export interface Tracking {
  /** Name of its weights, or `by rule`: as golden files have them. */
  weights: string
  directory: string
  /** Of the weights' file. */
  bytes: number
}

/** The networks of weights of a tracker, with the weights where they are on this machine, else with ones by rule. */
export const provideTracker = async (
  weights: Weights,
  precision: Precision,
  scratch: string
): Promise<Tracking> => {
  const graphs = graphsOf(weights)
  const parameters = parametersOf(graphs)
  const optimised = Object.fromEntries(
    Object.entries(graphs).map(([name, graph]) => [name, optimise(graph, { precision })])
  )
  const directory = path.join(scratch, `${weights.name}-${precision}`)
  const installed = await openWeights().find(weights)
  if (installed) {
    using checkpoint = openCheckpoint(installed.path)
    await writeModel(optimised, bindWeights(parameters, checkpoint, weights.name), directory)
  } else await writeModel(optimised, fill1(parameters), directory)
  const { size } = await stat(path.join(directory, 'model.weights'))
  return { weights: installed ? weights.name : 'by rule', directory, bytes: size }
}
