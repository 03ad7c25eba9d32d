/** Comparison with the golden files of YOLOX's network. */
import { z } from 'zod'
import {
  compare,
  compareParameters,
  filled,
  goldenParameters,
  goldenStage,
  incomparable,
  input1,
  parseGolden,
  withFilled,
  type GoldenForm
} from '../golden/index.ts'
import { buildYolox, yoloxOutputs } from './network.ts'

const size = z.int().positive()
const side = size.multipleOf(32)

const networkGolden = z.object({
  system: z.string(),
  config: z.object({
    depth: z.number(),
    width: z.number(),
    depthwise: z.boolean(),
    num_classes: size
  }),
  parameters: goldenParameters,
  inputs: z.record(
    z.string(),
    z.object({
      name: z.string(),
      shape: z.tuple([size, z.literal(3), side, side]),
      rule: z.literal('input-1')
    })
  ),
  outputs: filled(goldenStage)
})

export const yoloxGolden: GoldenForm = {
  accepts: ({ system, parameters, outputs }) =>
    system.toLowerCase() === 'yolox' && parameters !== undefined && outputs !== undefined,

  /** Builds the network of the file at the size of its input, fills it by the rule and compares every output. */
  async *check(file, run) {
    const golden = parseGolden(file, networkGolden)
    const [input, ...others] = Object.values(golden.inputs)
    if (!input || others.length) {
      yield incomparable('inputs', `the network has one input, the file ${others.length + (input ? 1 : 0)}`)
      return
    }
    const [, , h, w] = input.shape
    const graph = buildYolox(golden.config, {
      classes: golden.config.num_classes,
      size: [h, w],
      outputs: yoloxOutputs.filter(name => name in golden.outputs),
      input: input.name
    })
    yield compareParameters(graph.parameters, golden.parameters)
    const outputs = await withFilled(graph, run, feed =>
      feed({ [input.name]: input1(input.name, input.shape) })
    )
    for (const [name, expected] of Object.entries(golden.outputs))
      yield outputs[name]
        ? compare(name, expected, outputs[name])
        : incomparable(name, 'the network has no stage of this name')
  }
}
