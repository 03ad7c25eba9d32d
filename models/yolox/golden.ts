/** Comparison with the golden files of YOLOX's network. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import {
  compare,
  deviationOf,
  fill1,
  filled,
  goldenStage,
  incomparable,
  input1,
  parseGolden,
  type GoldenForm,
  type StageDeviation
} from '../golden/index.ts'
import { simplify, writeModel, type Graph } from '../graph/index.ts'
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
  parameters: z.array(z.tuple([z.string(), z.array(size), z.string(), z.boolean()])),
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

/** The stage "parameters": how many names, shapes or types the two lists do not share. */
const compareParameters = (
  graph: Graph,
  golden: z.infer<typeof networkGolden>['parameters']
): StageDeviation => {
  const ours = new Set(graph.parameters.map(p => `${p.name} ${p.dtype} [${p.shape.join(', ')}]`))
  const theirs = new Set(golden.map(([name, shape, dtype]) => `${name} ${dtype} [${shape.join(', ')}]`))
  const different = [...ours, ...theirs].filter(row => !ours.has(row) || !theirs.has(row))
  const result = deviationOf('parameters', different.length, 0)
  return different.length
    ? { ...result, problem: `in one list only: ${different.slice(0, 4).join('; ')}` }
    : result
}

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
    yield compareParameters(graph, golden.parameters)
    const dir = await mkdtemp(path.join(tmpdir(), 'clipmill-verify-'))
    try {
      await writeModel(simplify(graph), fill1(graph.parameters), dir)
      const outputs = await run(dir, { [input.name]: input1(input.name, input.shape) })
      for (const [name, expected] of Object.entries(golden.outputs))
        yield outputs[name]
          ? compare(name, expected, outputs[name])
          : incomparable(name, 'the network has no stage of this name')
    } finally {
      await rm(dir, { recursive: true })
    }
  }
}
