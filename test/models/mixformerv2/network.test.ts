import { describe, expect, test } from 'vitest'
import { checkOf, fill1, input1, readGolden } from '../../../models/golden/index.ts'
import { removeDead, simplify, type Graph, type TensorData } from '../../../models/graph/index.ts'
import { mixFormerGolden } from '../../../models/mixformerv2/golden.ts'
import {
  buildMixFormer,
  buildMixVit,
  buildSearch,
  buildTemplates
} from '../../../models/mixformerv2/network.ts'
import { mixFormerVariants, mixVitB, scaleOf } from '../../../models/mixformerv2/variants.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { runIn, temporaryFolder } from '../graph/running.ts'

const difference = (a: TensorData, b: TensorData) =>
  (a.data as Float32Array).reduce((worst, v, i) => Math.max(worst, Math.abs(v - Number(b.data[i]))), 0)

const elements = ({ parameters }: Graph) =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)

const file = shared('golden/mixformerv2/mixformerv2-s.json')

describeShared("MixFormerV2-S, against the authors' numbers", () => {
  test('every stage, in one graph and with the templates apart', async () => {
    const golden = await readGolden(file)
    const stages = await Array.fromAsync(checkOf(golden, [mixFormerGolden])(golden, runOnnx))
    expect(stages.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['parameters', 'backbone.blocks.3', 'cached/last block', 'cached/reg_tokens'])
    )
    expect(stages).toHaveLength(42)
    expect(failures(stages)).toEqual([])
  })

  test('a stage that the network has not, and a parameter too few, are told', async () => {
    const golden = await readGolden(file)
    const [, ...parameters] = (golden.parameters as unknown[]).toReversed()
    const outputs = {
      ...(golden.outputs as object),
      nothing: { shape: [1], dtype: 'float32', rms: 1, values: [1] }
    }
    const other = { ...golden, parameters, outputs }
    const missed = failures(await Array.fromAsync(mixFormerGolden.check(other, runOnnx)))
    expect(missed).toEqual([
      expect.objectContaining({ stage: 'parameters', deviation: 1 }),
      expect.objectContaining({ stage: 'nothing', problem: 'the network has no stage of this name' }),
      expect.objectContaining({ stage: 'cached/nothing' })
    ])
  })
})

describe('MixFormerV2', () => {
  const { s, b, 'student-12': student } = mixFormerVariants
  const run = runIn(temporaryFolder())

  test('has as many parameters as are published', () => {
    expect(elements(buildMixFormer(s))).toBe(16_228_897)
    expect(elements(buildMixFormer(b))).toBe(58_855_201)
  })

  test('the student has twelve blocks, 72 bins and no score', () => {
    const graph = buildMixFormer(student)
    const names = graph.parameters.map(({ name }) => name)
    expect(names).toContain('backbone.blocks.11.mlp.fc2.bias')
    expect(names.filter(name => name.startsWith('score_head'))).toEqual([])
    expect(graph.parameters.find(({ name }) => name === 'box_head.layers.1.0.weight')?.shape).toEqual([
      72, 768
    ])
    expect(graph.outputs.map(({ name }) => name)).toEqual(['pred_boxes'])
  })

  test('its size follows from the parameters of a checkpoint', () => {
    for (const scale of [s, b, student])
      expect(scaleOf(buildMixFormer(scale).parameters.map(({ name, shape }) => [name, shape]))).toEqual(scale)
  })

  test('both graphs together need what the whole one has, and nothing else', () => {
    const names = (...graphs: Graph[]) =>
      [...new Set(graphs.flatMap(({ parameters }) => parameters.map(({ name }) => name)))].sort()
    expect(names(buildTemplates(s), buildSearch(s))).toEqual(names(buildMixFormer(s)))
  })

  test('the last block computes keys and values of the templates, and four tokens of the search', () => {
    const last = (graph: Graph, op: string) =>
      simplify(graph)
        .nodes.filter(({ name }) => name.startsWith(`backbone.blocks.${s.depth - 1}.`))
        .filter(node => node.op === op)
    const shapes = (graph: Graph, op: string) => {
      const { facts } = simplify(graph)
      return last(graph, op).map(({ outputs: [name] }) => facts.get(name)!.shape)
    }
    expect(shapes(buildTemplates(s), 'MatMul')).toEqual([
      [1, 98, 768],
      [1, 98, 768]
    ])
    expect(shapes(buildSearch(s), 'MatMul')).toEqual([
      [1, 4, 768],
      [1, 200, 768],
      [1, 200, 768],
      [1, 12, 4, 298],
      [1, 12, 4, 64],
      [1, 4, 768],
      [1, 4, 768],
      [1, 4, 768]
    ])
  })

  test('computes the same in one graph and in two, whether all tokens of the last block are computed or few', async () => {
    const small = { ...s, template: 32, search: 64, depth: 2, bins: 8 }
    const names = ['pred_boxes', 'score_sigmoid', 'reg_tokens']
    const whole = buildMixFormer(small, [...names, 'backbone.blocks.1'])
    const values = fill1(whole.parameters)
    const templates = () => ({
      template: input1('a', [1, 3, 32, 32]),
      online_template: input1('b', [1, 3, 32, 32])
    })
    const search = () => input1('search', [1, 3, 64, 64])
    const { 'backbone.blocks.1': block, ...expected } = await run(removeDead(whole), values, {
      ...templates(),
      search: search()
    })
    expect(block.shape).toEqual([1, 28, 768])
    const few = await run(simplify(buildMixFormer(small, names)), values, {
      ...templates(),
      search: search()
    })
    const { memory } = await run(simplify(buildTemplates(small)), values, templates())
    const apart = await run(simplify(buildSearch(small, names)), values, { search: search(), memory })
    for (const name of names) {
      expect(difference(few[name], expected[name])).toBeLessThan(1e-5)
      expect(difference(apart[name], expected[name])).toBeLessThan(1e-5)
    }
    // Another online template is another memory, and another answer.
    const { memory: other } = await run(simplify(buildTemplates(small)), values, {
      ...templates(),
      online_template: input1('c', [1, 3, 32, 32])
    })
    const changed = await run(simplify(buildSearch(small, names)), values, {
      search: search(),
      memory: other
    })
    expect(difference(changed.reg_tokens, expected.reg_tokens)).toBeGreaterThan(0.01)
  })
})

test('MixViT has the parameters of its checkpoints, those that it does not use included', () => {
  const graph = buildMixVit(mixVitB, ['pred_boxes'])
  expect(graph.parameters).toHaveLength(312)
  expect(simplify(graph).parameters.map(({ name }) => name)).not.toContain('backbone.cls_token')
})
