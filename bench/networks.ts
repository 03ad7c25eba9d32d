import path from 'node:path'
import { openModels } from '../layers/models/index.ts'
import { clipmillHome } from '../local/home.ts'
import { ensureModels } from '../local/models.ts'
import { openWeights } from '../local/weights.ts'
import { catalogue, type Weights } from '../models/catalogue/index.ts'
import { fill1 } from '../models/golden/index.ts'
import { simplify, writeModel } from '../models/graph/index.ts'
import { buildYolox } from '../models/yolox/network.ts'
import { yoloxVariants, type YoloxVariantName } from '../models/yolox/variants.ts'

/** A network on the disk, ready to be opened. */
export interface Network {
  variant: YoloxVariantName
  /** Name of its weights, or `by rule`: as golden files have them. */
  weights: string
  detector: Weights['detector']
  /** Folder of `model.onnx`. */
  directory: string
}

/**
 * The variant with the first weights of the catalogue that are on this machine, else as its official release has it,
 * with weights by rule, written to `scratch`.
 */
export const provideNetwork = async (variant: YoloxVariantName, scratch: string): Promise<Network> => {
  const installed = openWeights()
  const fitting = catalogue.filter(weights => weights.variant === variant)
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
